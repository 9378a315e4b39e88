//! Carrying decisions out: windows, devices, sending, and what is remembered of it.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::decide::{Decision, Outgoing, Verdict};
use super::desk::Desk;
use super::push::Sent;
use super::waiting::{Due, Entry, Matter};
use crate::fault;
use crate::id::{ChatId, DeviceId, UserId};
use crate::storage::StoreResult;
use crate::storage::devices::Device;

/// Pushes of one round that are under way at once.
const AT_ONCE: usize = 32;

/// What of one decision goes to which devices.
struct Sending<'a> {
    outgoing: &'a Outgoing,
    devices: Vec<Device>,
}

/// What became of one push, over its devices.
#[derive(Default)]
struct Outcome {
    later: Vec<(DeviceId, Duration)>,
    too_many: Vec<(DeviceId, Duration)>,
}

impl Desk {
    pub(super) async fn carry_out(&self, due: &[Due], decisions: Vec<Decision>) -> Vec<Verdict> {
        let mut verdicts: Vec<Option<Verdict>> = decisions
            .iter()
            .map(|decision| match decision {
                Decision::Nothing => Some(Verdict::Settled),
                Decision::Wait(wait) => Some(Verdict::Later(*wait)),
                Decision::Push(_) => None,
            })
            .collect();
        let sending = match self.prepare(due, &decisions, &mut verdicts).await {
            Ok(sending) => sending,
            Err(error) => {
                let verdicts = verdicts.into_iter();
                return verdicts
                    .map(|verdict| verdict.unwrap_or_else(|| Verdict::Unread(error.clone())))
                    .collect();
            }
        };
        let outcomes = self.send_all(&sending).await;
        let mut marks = Vec::new();
        for (place, one) in &sending {
            let outcome = outcomes.get(place);
            let verdict = self.verdict(&due[*place].entry, one, outcome);
            if matches!(verdict, Verdict::Settled | Verdict::Sync(_)) {
                marks.extend(one.outgoing.mark);
            }
            verdicts[*place] = Some(verdict);
        }
        if !marks.is_empty()
            && let Err(error) = self.stores.pushes.advance(marks).await
        {
            // Whoever hears of it again is pushed again.
            tracing::warn!(cause = %error, "what was pushed is not remembered");
        }
        let verdicts = verdicts.into_iter();
        verdicts
            .map(|verdict| verdict.unwrap_or(Verdict::Settled))
            .collect()
    }

    /// Finds devices and begins windows; who has no device, or an open window, is decided here.
    async fn prepare<'a>(
        &self,
        due: &[Due],
        decisions: &'a [Decision],
        verdicts: &mut [Option<Verdict>],
    ) -> StoreResult<Vec<(usize, Sending<'a>)>> {
        let outgoing = decisions.iter().enumerate();
        let outgoing = outgoing.filter_map(|(place, decision)| match decision {
            Decision::Push(outgoing) => Some((place, outgoing)),
            Decision::Nothing | Decision::Wait(_) => None,
        });
        let outgoing: Vec<(usize, &Outgoing)> = outgoing.collect();
        if outgoing.is_empty() {
            return Ok(Vec::new());
        }
        let mut users: Vec<UserId> = outgoing.iter().map(|(_, one)| one.user).collect();
        users.sort_unstable();
        users.dedup();
        let mut devices: HashMap<UserId, Vec<Device>> = HashMap::new();
        for device in self.stores.devices.list_all(users).await? {
            devices.entry(device.user_id).or_default().push(device);
        }
        let mut sending = Vec::new();
        for (place, outgoing) in outgoing {
            let mut own = devices.get(&outgoing.user).cloned().unwrap_or_default();
            own.retain(|device| is_meant(&due[place], device.id));
            match own.is_empty() {
                true => verdicts[place] = Some(Verdict::Settled),
                false => sending.push((
                    place,
                    Sending {
                        outgoing,
                        devices: own,
                    },
                )),
            }
        }
        self.begin_windows(due, sending, verdicts).await
    }

    /// Of several nodes one begins a member's window; the others wait for its end.
    async fn begin_windows<'a>(
        &self,
        due: &[Due],
        mut sending: Vec<(usize, Sending<'a>)>,
        verdicts: &mut [Option<Verdict>],
    ) -> StoreResult<Vec<(usize, Sending<'a>)>> {
        let wants = |place: usize| {
            let Due { place, entry } = &due[place];
            place.matter == Matter::Messages && !entry.has_window
        };
        let asked: Vec<usize> = sending.iter().map(|(place, _)| *place).collect();
        let asked: Vec<usize> = asked.into_iter().filter(|place| wants(*place)).collect();
        if asked.is_empty() {
            return Ok(sending);
        }
        let mine = |place: &usize| (due[*place].place.chat_id, due[*place].place.user_id);
        let places: Vec<(ChatId, UserId)> = asked.iter().map(mine).collect();
        let now = self.clock.now();
        let since = now.minus(self.rules.window);
        let open = self.stores.pushes.begin_windows(places, now, since).await?;
        for (place, open) in asked.into_iter().zip(open) {
            let Some(began_at) = open else { continue };
            let rest = (began_at + self.rules.window).since(now);
            verdicts[place] = Some(Verdict::Later(rest.max(Duration::from_millis(1))));
            sending.retain(|(one, _)| *one != place);
        }
        Ok(sending)
    }

    async fn send_all(&self, sending: &[(usize, Sending<'_>)]) -> HashMap<usize, Outcome> {
        let single = sending.iter().flat_map(|(place, one)| {
            let devices = one.devices.iter();
            devices.map(move |device| (*place, one.outgoing, device))
        });
        let sent = stream::iter(single).map(|(place, outgoing, device)| async move {
            let sent = self.send_one(outgoing, device).await;
            (place, device.id, sent)
        });
        let mut sent = sent.buffer_unordered(AT_ONCE);
        let mut outcomes: HashMap<usize, Outcome> = HashMap::new();
        while let Some((place, device, sent)) = sent.next().await {
            let outcome = outcomes.entry(place).or_default();
            match sent {
                Single::Over => {}
                Single::Later(wait) => outcome.later.push((device, wait)),
                Single::TooMany(wait) => outcome.too_many.push((device, wait)),
            }
        }
        outcomes
    }

    async fn send_one(&self, outgoing: &Outgoing, device: &Device) -> Single {
        let Some(sender) = &self.sender else {
            return Single::Over;
        };
        let key = format!("push:{}", device.id);
        match self
            .stores
            .limits
            .take(&key, self.rules.per_device, 1)
            .await
        {
            Ok(None) => {}
            Ok(Some(wait)) => return Single::TooMany(wait),
            Err(error) => return self.unsent(&error),
        }
        let kind = outgoing.push.kind();
        let sent = match fault::fails_push() {
            false => sender.send(device, &outgoing.push).await,
            true => Sent::Later(self.rules.window),
        };
        let (outcome, single) = match sent {
            Sent::Done => ("sent", Single::Over),
            Sent::Refused => ("refused", Single::Over),
            Sent::Later(wait) => ("later", Single::Later(wait)),
            Sent::Gone => {
                self.forget(device).await;
                ("unregistered", Single::Over)
            }
        };
        metrics::counter!("troupe_pushes_total", "kind" => kind, "outcome" => outcome).increment(1);
        single
    }

    fn unsent(&self, error: &crate::storage::StoreError) -> Single {
        tracing::warn!(cause = %error, "no look at the budget of a device");
        Single::Later(self.rules.window)
    }

    /// Exactly this token; it may be another account's by now, and then nothing goes.
    async fn forget(&self, device: &Device) {
        match self.stores.devices.remove(device.user_id, device.id).await {
            Ok(_) => tracing::info!(device.id = %device.id, "a push device is gone"),
            Err(error) => tracing::warn!(cause = %error, "a push device that is gone stays"),
        }
    }

    fn verdict(&self, entry: &Entry, sending: &Sending<'_>, outcome: Option<&Outcome>) -> Verdict {
        let Some(outcome) = outcome else {
            return Verdict::Settled;
        };
        if !outcome.too_many.is_empty() {
            return Verdict::Sync(outcome.too_many.clone());
        }
        let Some(wait) = outcome.later.iter().map(|(_, wait)| *wait).min() else {
            return Verdict::Settled;
        };
        let failing = entry.failing_since.map(|since| since.elapsed());
        if failing.unwrap_or_default() + wait > self.rules.give_up {
            let kind = sending.outgoing.push.kind();
            metrics::counter!("troupe_pushes_total", "kind" => kind, "outcome" => "given_up")
                .increment(outcome.later.len() as u64);
            return Verdict::Settled;
        }
        let devices = outcome.later.iter().map(|(device, _)| *device);
        Verdict::Failed {
            wait,
            devices: devices.collect(),
        }
    }
}

/// What became of a push to one device.
enum Single {
    Over,
    Later(Duration),
    TooMany(Duration),
}

fn is_meant(due: &Due, device: DeviceId) -> bool {
    match (due.place.matter, &due.entry.only) {
        (Matter::Sync(only), _) => only == device,
        (_, Some(only)) => only.contains(&device),
        (_, None) => true,
    }
}
