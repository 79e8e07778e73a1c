//! What goes wrong, by name, and how often.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::people::Dice;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A function is killed at an await.
    Killed,
    /// A function is given little time, and stops before its deadline.
    ShortOfTime,
    /// A schedule fires twice at once.
    ScheduledTwice,
    /// A message is handed over twice at once.
    DeliveredTwice,
    /// A message that is done with shows itself again.
    DeliveredAgain,
    /// Nothing ticks for some hours.
    Paused,
    /// The owner pauses the schedules for a month.
    PausedForAMonth,
    /// AWS refuses a call with a 500 or 503.
    AwsRefuses,
    /// A call to AWS never arrives.
    AwsRequestLost,
    /// A call to AWS is acted upon, and its answer lost.
    AwsAnswerLost,
    /// The same, and the SDK asks again by itself: a conditional put meets its own trace as a 412.
    AwsRepeated,
    /// A conditional put meets another one: 409.
    AwsConflict,
    /// AWS takes its time.
    AwsSlow,
    /// The secret may not be read or written for a while.
    SecretRefused,
    /// Gigya refuses inside an HTTP 200, for a while: 500001, 503001, 504001, 403048.
    GigyaRefuses,
    /// A proxy in front of Gigya answers in HTML.
    GigyaHtml,
    /// An answer of Gigya's breaks off.
    GigyaCut,
    /// A call to Gigya never arrives.
    GigyaRequestLost,
    /// A call to Gigya is acted upon, and its answer lost.
    GigyaAnswerLost,
    /// Gigya forgets its cursors.
    GigyaCursorsLost,
    /// A page of a search leaves somebody out whom its total counts.
    GigyaLeavesOut,
    /// Constant Contact refuses with a 500 or 503.
    ContactRefuses,
    /// A gateway in front of Constant Contact answers in HTML.
    ContactHtml,
    /// Constant Contact says that calls come too fast.
    ContactThrottles,
    /// Another program spends the rest of the key's calls of the day.
    QuotaSpent,
    /// Constant Contact no longer knows its access tokens.
    TokensExpire,
    /// No connection to Constant Contact.
    ContactUnreached,
    /// A call to Constant Contact never arrives.
    ContactRequestLost,
    /// A call to Constant Contact is acted upon, and its answer lost.
    ContactAnswerLost,
    /// An answer of Constant Contact's breaks off.
    ContactCut,
    /// Other programs' activities fill the account's queue (v3).
    QueueFull,
    /// An activity fails with nothing done.
    ActivityFails,
    /// An activity runs out of time with half of it done.
    ActivityTimesOut,
    /// An activity is cancelled in the screens.
    ActivityCancelled,
    /// An activity says that it is complete, and looked at half of its rows.
    ActivityDropsRows,
    /// An activity is carried out, and then nobody remembers it.
    ActivityForgotten,
    /// An activity takes hours.
    ActivityLate,
    /// An activity never ends.
    ActivityHangs,
    /// Somebody writes a value on which every import chokes that it is in, until they write another one.
    RowChokes,
    /// The owner deletes a list that the settings name, and names another one the next morning.
    ListDeleted,
    /// The owner gives a custom field another name, and puts it into the settings the next morning.
    FieldRenamed,
    /// The owner has a value put into another custom field from one morning on.
    MappingChanged,
    /// The owner revokes the connection to Constant Contact, and makes it anew the next morning.
    KeyRevoked,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 43] = [
        Self::Killed,
        Self::ShortOfTime,
        Self::ScheduledTwice,
        Self::DeliveredTwice,
        Self::DeliveredAgain,
        Self::Paused,
        Self::PausedForAMonth,
        Self::AwsRefuses,
        Self::AwsRequestLost,
        Self::AwsAnswerLost,
        Self::AwsRepeated,
        Self::AwsConflict,
        Self::AwsSlow,
        Self::SecretRefused,
        Self::GigyaRefuses,
        Self::GigyaHtml,
        Self::GigyaCut,
        Self::GigyaRequestLost,
        Self::GigyaAnswerLost,
        Self::GigyaCursorsLost,
        Self::GigyaLeavesOut,
        Self::ContactRefuses,
        Self::ContactHtml,
        Self::ContactThrottles,
        Self::QuotaSpent,
        Self::TokensExpire,
        Self::ContactUnreached,
        Self::ContactRequestLost,
        Self::ContactAnswerLost,
        Self::ContactCut,
        Self::QueueFull,
        Self::ActivityFails,
        Self::ActivityTimesOut,
        Self::ActivityCancelled,
        Self::ActivityDropsRows,
        Self::ActivityForgotten,
        Self::ActivityLate,
        Self::ActivityHangs,
        Self::RowChokes,
        Self::ListDeleted,
        Self::FieldRenamed,
        Self::MappingChanged,
        Self::KeyRevoked,
    ];

    /// Whether a refresh token that was used may be in the secret still, and is used again.
    pub(super) fn may_lose_a_token(self) -> bool {
        matches!(
            self,
            Self::Killed
                | Self::ShortOfTime
                | Self::AwsRefuses
                | Self::AwsRequestLost
                | Self::AwsAnswerLost
                | Self::AwsSlow
                | Self::SecretRefused
                | Self::ContactAnswerLost
                | Self::ContactCut
        )
    }

    /// How often it happens at most where it happens at all, of ten thousand chances.
    fn most(self) -> u64 {
        match self {
            Self::Killed => 2_500,
            Self::ShortOfTime
            | Self::ScheduledTwice
            | Self::DeliveredTwice
            | Self::DeliveredAgain
            | Self::ListDeleted
            | Self::FieldRenamed
            | Self::MappingChanged
            | Self::KeyRevoked => 2_000,
            Self::Paused => 1_000,
            Self::PausedForAMonth => 100,
            Self::QuotaSpent => 10,
            Self::AwsRefuses
            | Self::AwsRequestLost
            | Self::AwsAnswerLost
            | Self::AwsConflict
            | Self::AwsSlow => 60,
            Self::AwsRepeated => 500,
            Self::GigyaRefuses
            | Self::GigyaHtml
            | Self::GigyaCut
            | Self::GigyaRequestLost
            | Self::GigyaAnswerLost
            | Self::GigyaCursorsLost
            | Self::GigyaLeavesOut
            | Self::ContactRefuses
            | Self::ContactHtml
            | Self::ContactThrottles
            | Self::TokensExpire
            | Self::ContactUnreached
            | Self::ContactRequestLost
            | Self::ContactAnswerLost
            | Self::ContactCut => 800,
            Self::QueueFull
            | Self::ActivityFails
            | Self::ActivityTimesOut
            | Self::ActivityCancelled
            | Self::ActivityDropsRows
            | Self::ActivityForgotten => 1_500,
            Self::ActivityHangs | Self::ActivityLate => 300,
            Self::RowChokes | Self::SecretRefused => 5_000,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = serde_json::to_value(self).unwrap_or_default();
        f.write_str(name.as_str().unwrap_or_default())
    }
}

/// How often each fault happens, of ten thousand chances; what is not in it does not happen by chance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    chances: BTreeMap<Fault, u64>,
    /// What happens at the next so many chances, whatever the dice say.
    script: BTreeMap<Fault, u64>,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// A third of the faults, each as often as the dice say: worlds with few kinds of faults find more than worlds in which
    /// everything goes wrong at once.
    pub(super) fn drawn(dice: &mut Dice) -> Self {
        let mut faults = Self::none();
        for fault in Fault::ALL {
            if dice.of_thousand(333) {
                faults.chances.insert(fault, 1 + dice.below(fault.most()));
            }
        }
        faults
    }

    /// The same, and this fault so often of ten thousand chances.
    #[must_use]
    pub fn with(mut self, fault: Fault, of_ten_thousand: u64) -> Self {
        self.chances.insert(fault, of_ten_thousand);
        self
    }

    /// The same, and this fault at each of the next so many chances.
    #[must_use]
    pub fn scripted(mut self, fault: Fault, times: u64) -> Self {
        self.script.insert(fault, times);
        self
    }

    /// Whether it happens at this chance. Throws the dice in any case, so that a script does not change what else happens.
    pub(super) fn happens(&mut self, fault: Fault, dice: &mut Dice) -> bool {
        let chance = self.chances.get(&fault).copied().unwrap_or(0);
        let by_chance = chance > 0 && dice.below(10_000) < chance;
        match self.script.get_mut(&fault) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            Some(_) | None => by_chance,
        }
    }
}
