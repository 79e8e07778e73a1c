//! Several invocations at once on one thread: at every await, chance says who goes on, and now and then somebody never does.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::people::Dice;

/// Some work that goes on in turns with other work.
type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Invocations that go on at the same time.
#[derive(Default)]
pub(super) struct Crowd<'a> {
    members: Vec<Member<'a>>,
}

struct Member<'a> {
    work: Option<Work<'a>>,
    /// After so many polls it is dropped where it stands, as Lambda does when memory or time run out.
    polls_left: Option<u64>,
    bell: Arc<Bell>,
}

/// Rung when a member can go on.
#[derive(Debug)]
struct Bell {
    rung: AtomicBool,
    room: Arc<Room>,
}

/// Where the members take their turns.
#[derive(Debug, Default)]
struct Room {
    is_in_turn: AtomicBool,
    outside: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Relaxed);
        // During a turn somebody looks at the bells anyway; a waker of tokio's costs a call to the kernel.
        if !self.room.is_in_turn.load(Ordering::Relaxed) {
            let outside = self.room.outside.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(waker) = &*outside {
                waker.wake_by_ref();
            }
        }
    }
}

impl<'a> Crowd<'a> {
    /// One more; it is killed after so many polls, if it is to be.
    pub(super) fn add(
        &mut self,
        work: impl Future<Output = ()> + 'a,
        polls_left: Option<u64>,
    ) -> &mut Self {
        let room = self.members.first().map_or_else(Arc::default, |one| Arc::clone(&one.bell.room));
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), room });
        self.members.push(Member { work: Some(Box::pin(work)), polls_left, bell });
        self
    }

    /// Lets them go on until each is done or killed. Answers how many were killed.
    pub(super) async fn run(mut self, dice: &mut Dice) -> u64 {
        let Some(room) = self.members.first().map(|one| Arc::clone(&one.bell.room)) else {
            return 0;
        };
        let mut killed = 0;
        // Without tokio's own fairness, which would ask for turns of the runtime's.
        tokio::task::unconstrained(poll_fn(|cx| {
            *room.outside.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            room.is_in_turn.store(true, Ordering::Relaxed);
            let outcome = self.turns(dice, &mut killed);
            room.is_in_turn.store(false, Ordering::Relaxed);
            outcome
        }))
        .await;
        killed
    }

    /// Takes turns until nobody can go on by themselves.
    fn turns(&mut self, dice: &mut Dice, killed: &mut u64) -> Poll<()> {
        loop {
            let mut awake: Vec<usize> = Vec::with_capacity(self.members.len());
            for (place, member) in self.members.iter().enumerate() {
                if member.work.is_some() && member.bell.rung.load(Ordering::Relaxed) {
                    awake.push(place);
                }
            }
            if awake.is_empty() {
                let is_over = self.members.iter().all(|member| member.work.is_none());
                return if is_over { Poll::Ready(()) } else { Poll::Pending };
            }
            let member = &mut self.members[dice.one(&awake)];
            *killed += u64::from(member.take_turn());
        }
    }
}

impl Member<'_> {
    /// Goes on until the next await. Answers whether it was killed instead.
    fn take_turn(&mut self) -> bool {
        if self.polls_left == Some(0) {
            self.work = None;
            return true;
        }
        self.polls_left = self.polls_left.map(|left| left - 1);
        self.bell.rung.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.bell));
        let is_done = self
            .work
            .as_mut()
            .is_some_and(|work| work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        if is_done {
            self.work = None;
        }
        false
    }
}

/// Lets others go first, once.
pub(super) async fn step_aside() {
    let mut has_waited = false;
    poll_fn(move |cx| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
