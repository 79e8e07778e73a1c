//! Between the functions and everything else: every call passes here, waits its turn, may go wrong, and is written down.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use shared::http::{Wire, WireError, call};

use super::crowd::step_aside;
use super::faults::{Fault, Faults};
use super::life::Life;
use super::trace::{Trace, print_of};
use crate::aws::{Before, Fate};
use crate::constant_contact::{Fate as ActivityFate, Fault as ContactFault, Simulator};
use crate::gigya::{Fault as GigyaFault, Gigya};
use crate::people::Dice;
use crate::world::{Between, Watch};
use shared::invocation::Clock;

/// The one place through which calls go. Clones are the same place.
#[derive(Clone)]
pub(super) struct Seam(Arc<Mutex<Inner>>);

struct Inner {
    clock: Clock,
    dice: Dice,
    faults: Faults,
    injected: BTreeMap<Fault, u64>,
    calls: u64,
    /// Who makes the call that is watched just now.
    function: &'static str,
    trace: Trace,
    far: Option<Far>,
}

/// What lies behind the seam, once there is a world.
#[derive(Clone)]
pub(super) struct Far {
    pub(super) gigya: Arc<Gigya>,
    pub(super) tenant: Simulator,
    pub(super) life: Arc<Mutex<Life>>,
}

impl Seam {
    pub(super) fn new(clock: Clock, dice: Dice, faults: Faults, trace: Trace) -> Self {
        let injected = BTreeMap::new();
        let (function, far) = ("", None);
        let inner = Inner { clock, dice, faults, injected, calls: 0, function, trace, far };
        Self(Arc::new(Mutex::new(inner)))
    }

    pub(super) fn attach(&self, far: Far) {
        self.lock().far = Some(far);
    }

    /// From now on this goes wrong, and nothing else.
    pub(super) fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Whether this goes wrong now. What does is counted.
    pub(super) fn happens(&self, fault: Fault) -> bool {
        self.lock().happens(fault)
    }

    /// What went wrong so far, and how often.
    pub(super) fn injected(&self) -> BTreeMap<Fault, u64> {
        self.lock().injected.clone()
    }

    pub(super) fn note(&self, line: &str) {
        let mut inner = self.lock();
        let now = inner.clock.now();
        inner.trace.note(now, line);
    }

    pub(super) fn with_trace<T>(&self, look: impl FnOnce(&mut Trace) -> T) -> T {
        look(&mut self.lock().trace)
    }

    /// Told of each call to AWS before it is made.
    pub(super) fn watch(&self) -> Watch {
        let seam = self.clone();
        Arc::new(move |function, _| seam.lock().function = function)
    }

    /// What becomes of each call to AWS.
    pub(super) fn before(&self) -> Before {
        let seam = self.clone();
        Arc::new(move |request| {
            let (fate, slow) = seam.lock().aws(request);
            let seam = seam.clone();
            async move {
                step_aside().await;
                seam.live();
                if let Some(slow) = slow {
                    call::wait(slow).await;
                }
                fate
            }
            .boxed()
        })
    }

    /// What lies between the functions and the vendors.
    pub(super) fn between(&self) -> Between {
        let seam = self.clone();
        Box::new(move |wire| Arc::new(Passage { seam, wire }))
    }

    /// Between two calls people go on living.
    fn live(&self) {
        let far = self.lock().far.clone();
        let moment = |far: Far| far.life.lock().unwrap_or_else(PoisonError::into_inner).moment();
        if let Some(deed) = far.and_then(moment) {
            self.note(&deed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn happens(&mut self, fault: Fault) -> bool {
        let happens = self.faults.happens(fault, &mut self.dice);
        if happens {
            *self.injected.entry(fault).or_default() += 1;
            let line = format!("!! {fault}");
            let now = self.clock.now();
            self.trace.note(now, &line);
        }
        happens
    }

    fn note(&mut self, line: &str) {
        self.calls += 1;
        let now = self.clock.now();
        self.trace.note(now, line);
    }

    /// AWS: S3, SQS and Secrets Manager alike.
    fn aws(&mut self, request: &http::Request<Bytes>) -> (Fate, Option<Duration>) {
        const REFUSALS: [(u16, &str); 3] =
            [(500, "InternalError"), (503, "SlowDown"), (503, "ServiceUnavailable")];
        let target = request.headers().get("x-amz-target").and_then(|it| it.to_str().ok());
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let what = target.unwrap_or(&path).to_owned();
        // Who holds the lease of the token is drawn by the system's own chance.
        let body = if path.contains("token-lease") || target.is_some() {
            request.body().len().to_string()
        } else {
            print_of(request.body())
        };
        let (function, method) = (self.function, request.method());
        self.note(&format!("{function} {method} {what} {body}"));

        let slow = self.happens(Fault::AwsSlow);
        let slow = slow.then(|| Duration::from_millis(self.dice.below(20_000)));
        let is_conditional = request.headers().contains_key("if-match")
            || request.headers().contains_key("if-none-match");
        let is_of_secret = target.is_some_and(|it| it.starts_with("secretsmanager."));
        let fate = if is_of_secret && self.happens(Fault::SecretRefused) {
            Fate::Refused { status: 400, code: "AccessDeniedException" }
        } else if self.happens(Fault::AwsRefuses) {
            let (status, code) = self.dice.one(&REFUSALS);
            Fate::Refused { status, code }
        } else if is_conditional && self.happens(Fault::AwsConflict) {
            Fate::Refused { status: 409, code: "ConditionalRequestConflict" }
        } else if is_conditional && self.happens(Fault::AwsRepeated) {
            Fate::Repeated
        } else if self.happens(Fault::AwsRequestLost) {
            Fate::RequestLost
        } else if self.happens(Fault::AwsAnswerLost) {
            Fate::AnswerLost
        } else {
            Fate::Answered
        };
        (fate, slow)
    }

    /// Gigya: what goes wrong with the next call is left to the simulator.
    fn gigya(&mut self, request: &http::Request<Bytes>) {
        const CODES: [i64; 5] = [500_001, 503_001, 504_001, 403_048, 500_028];
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        self.note(&format!("gigya {method}"));
        if self.happens(Fault::GigyaCursorsLost)
            && let Some(far) = &self.far
        {
            far.gigya.lose_cursors();
        }
        let leaves_out = method == "accounts.search" && self.happens(Fault::GigyaLeavesOut);
        let fault = if leaves_out {
            GigyaFault::LeavesOut(usize::try_from(self.dice.below(1_000)).unwrap_or_default())
        } else if self.happens(Fault::GigyaRefuses) {
            GigyaFault::Code(self.dice.one(&CODES))
        } else if self.happens(Fault::GigyaHtml) {
            GigyaFault::Html
        } else if self.happens(Fault::GigyaCut) {
            GigyaFault::Cut
        } else if self.happens(Fault::GigyaRequestLost) {
            GigyaFault::Lost
        } else if self.happens(Fault::GigyaAnswerLost) {
            GigyaFault::AnswerLost
        } else {
            return;
        };
        if let Some(far) = &self.far {
            far.gigya.switch(|switches| switches.fail(&method, [fault]));
        }
    }

    /// Constant Contact, in the same way.
    fn contact(&mut self, request: &http::Request<Bytes>) {
        const BODY: &str = r#"[{"error_key":"internal","error_message":"Something broke"}]"#;
        const QUEUE_FULL: &str = r#"[{"error_key":"activities.queue.full","error_message":"You exceeded 1,000 queued activities for this user account."}]"#;
        const THROTTLED: [(u16, &str); 2] = [
            (429, r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#),
            (403, r#"[{"error_key":"mashery.not.authorized.over.qps","error_message":"Over"}]"#),
        ];
        let (path, body) = (request.uri().path(), print_of(request.body()));
        let path_and_query = request.uri().path_and_query().map(ToString::to_string);
        let is_v2 = path.starts_with(crate::constant_contact::v2::BASE_PATH);
        let is_token = path.ends_with("/token");
        self.note(&format!(
            "contact {} {} {body}",
            request.method(),
            if is_v2 { path } else { path_and_query.as_deref().unwrap_or(path) }
        ));
        let Some(far) = self.far.clone() else { return };
        // v3 is asked for more of a contact that is to be written than of others.
        let is_whole = is_v2 || path_and_query.is_some_and(|it| it.contains("notes"));
        if is_whole
            && request.method() == http::Method::GET
            && let Some((_, id)) = path.split_once("/contacts/")
        {
            far.life.lock().unwrap_or_else(PoisonError::into_inner).was_read(id);
        }
        let is_activity = request.method() == http::Method::POST && path.contains("/activities/");
        if is_activity {
            let hours = 1 + u8::try_from(self.dice.below(20)).unwrap_or_default();
            let fates = [
                (Fault::ActivityLate, ActivityFate::IsLate(hours)),
                (Fault::ActivityFails, ActivityFate::Fails),
                (Fault::ActivityTimesOut, ActivityFate::TimesOut),
                (Fault::ActivityCancelled, ActivityFate::IsCancelled),
                (Fault::ActivityDropsRows, ActivityFate::DropsRows),
                (Fault::ActivityForgotten, ActivityFate::IsForgotten),
                (Fault::ActivityHangs, ActivityFate::Hangs),
            ];
            let fate = fates.into_iter().find(|(fault, _)| self.happens(*fault));
            // Replaces what an activity that was never made has left in the script.
            far.tenant.clear_script();
            far.tenant.script_activities(fate.map(|(_, fate)| fate));
        }
        if self.happens(Fault::QuotaSpent) {
            far.tenant.spend_quota();
        }
        if !is_token && self.happens(Fault::TokensExpire) {
            far.tenant.expire_access_tokens();
        }
        let status = if self.dice.of_thousand(500) { 500 } else { 503 };
        let fault = if self.happens(Fault::ContactRefuses) {
            ContactFault::Status(status, BODY.to_owned())
        } else if self.happens(Fault::ContactThrottles) {
            let (status, body) = THROTTLED[usize::from(is_v2)];
            ContactFault::Status(status, body.to_owned())
        } else if is_activity && !is_v2 && self.happens(Fault::QueueFull) {
            ContactFault::Status(429, QUEUE_FULL.to_owned())
        } else if self.happens(Fault::ContactHtml) {
            ContactFault::Html(502)
        } else if self.happens(Fault::ContactUnreached) {
            ContactFault::NoConnection
        } else if self.happens(Fault::ContactRequestLost) {
            ContactFault::SilenceBeforeActing
        } else if self.happens(Fault::ContactAnswerLost) {
            ContactFault::SilenceAfterActing
        } else if self.happens(Fault::ContactCut) {
            ContactFault::CutAfterActing
        } else {
            return;
        };
        far.tenant.script_next(fault);
    }
}

/// The wire to the vendors, as it is in the world.
struct Passage {
    seam: Seam,
    wire: Arc<dyn Wire>,
}

impl Wire for Passage {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        async move {
            step_aside().await;
            self.seam.live();
            let host = request.uri().host().unwrap_or_default();
            if host.ends_with(".gigya.com") {
                self.seam.lock().gigya(&request);
            } else {
                self.seam.lock().contact(&request);
            }
            self.wire.send(request).await
        }
        .boxed()
    }
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passage")
    }
}
