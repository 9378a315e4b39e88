//! The rules in plain words.

use troupe::domain::chat::Role;
use troupe::domain::receipts::ReceiptKind;
use troupe::error::ErrorCode;

use super::{Attempt, Emoji, PEOPLE};

/// `Ok(false)`: allowed, but nothing to do.
pub type Outcome = Result<bool, ErrorCode>;

const FORBIDDEN: Outcome = Err(ErrorCode::Forbidden);
const NOT_FOUND: Outcome = Err(ErrorCode::NotFound);

/// A seq, and what stands on the message if it is there.
pub type Readable = (u64, Option<[Option<Emoji>; PEOPLE]>);

/// Someone's place in the group, kept when he goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seat {
    pub taken: bool,
    pub inside: bool,
    pub admin: bool,
    /// In the order of joining.
    pub standing: (u64, usize),
    pub first_seq: u64,
    pub last_seq: u64,
    pub last_rev: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// `None`: the server.
    pub sender: Option<usize>,
    pub minute: i64,
    pub changed_rev: u64,
    pub edits: u32,
    pub deleted: bool,
    /// By person.
    pub reactions: [Option<Emoji>; PEOPLE],
}

#[derive(Clone, Debug)]
pub struct Model {
    pub seats: [Seat; PEOPLE],
    pub admin_only: bool,
    /// The message with seq n is at n - 1.
    pub said: Vec<Said>,
    pub rev: u64,
    pub delivered: [u64; PEOPLE],
    pub read: [u64; PEOPLE],
    pub minute: i64,
}

impl Model {
    pub fn new() -> Self {
        let mut seats = [Seat::default(); PEOPLE];
        for (place, seat) in seats.iter_mut().take(3).enumerate() {
            *seat = Seat {
                taken: true,
                inside: true,
                admin: place == 0,
                standing: (0, place),
                first_seq: 1,
                last_seq: u64::MAX,
                last_rev: u64::MAX,
            };
        }
        Self {
            seats,
            admin_only: false,
            said: Vec::new(),
            rev: 1,
            delivered: [0; PEOPLE],
            read: [0; PEOPLE],
            minute: 0,
        }
    }

    pub fn attempt(&mut self, attempt: Attempt) -> Outcome {
        match attempt {
            Attempt::Send { who } => self.send(who),
            Attempt::Edit { who, pick } => self.edit(who, pick),
            Attempt::Delete { who, pick } => self.delete(who, pick),
            Attempt::React { who, pick, emoji } => self.react(who, pick, emoji),
            Attempt::Add { who, whom } => self.add(who, whom),
            Attempt::Remove { who, whom } => self.remove(who, whom),
            Attempt::SetRole { who, whom, role } => self.set_role(who, whom, role == Role::Admin),
            Attempt::AdminOnly { who, on } => self.set_admin_only(who, on),
            Attempt::Mark { who, kind, pick } => self.mark(who, kind, pick),
            Attempt::Pass { minutes } => {
                self.minute += minutes;
                Ok(false)
            }
        }
    }

    fn speak(&mut self, sender: Option<usize>) -> Outcome {
        self.rev += 1;
        self.said.push(Said {
            sender,
            minute: self.minute,
            changed_rev: self.rev,
            edits: 0,
            deleted: false,
            reactions: [None; PEOPLE],
        });
        Ok(true)
    }

    fn send(&mut self, who: usize) -> Outcome {
        match self.seats[who] {
            Seat { inside: false, .. } => NOT_FOUND,
            Seat { admin: false, .. } if self.admin_only => FORBIDDEN,
            _ => self.speak(Some(who)),
        }
    }

    /// The message that a pick means, if this member may see it.
    fn visible(&self, who: usize, pick: usize) -> Option<usize> {
        let at = pick.checked_rem(self.said.len())?;
        let seat = self.seats[who];
        (seat.inside && seat.first_seq <= at as u64 + 1).then_some(at)
    }

    fn edit(&mut self, who: usize, pick: usize) -> Outcome {
        let Some(at) = self.visible(who, pick) else {
            return NOT_FOUND;
        };
        let said = self.said[at];
        if said.sender != Some(who) || said.deleted || self.minute - said.minute > 15 {
            return FORBIDDEN;
        }
        self.rev += 1;
        self.said[at].changed_rev = self.rev;
        self.said[at].edits += 1;
        Ok(true)
    }

    fn delete(&mut self, who: usize, pick: usize) -> Outcome {
        let Some(at) = self.visible(who, pick) else {
            return NOT_FOUND;
        };
        let said = self.said[at];
        let own = said.sender == Some(who) && self.minute - said.minute <= 48 * 60;
        if said.sender.is_none() || !(own || self.seats[who].admin) {
            return FORBIDDEN;
        }
        if said.deleted {
            return Ok(false);
        }
        self.rev += 1;
        self.said[at].changed_rev = self.rev;
        self.said[at].deleted = true;
        Ok(true)
    }

    fn react(&mut self, who: usize, pick: usize, emoji: Option<Emoji>) -> Outcome {
        let Some(at) = self.visible(who, pick) else {
            return NOT_FOUND;
        };
        let said = self.said[at];
        let before = said.reactions[who].filter(|_| !said.deleted);
        if emoji.is_none() && before.is_none() {
            return Ok(false);
        }
        if said.sender.is_none() || said.deleted {
            return FORBIDDEN;
        }
        if emoji == before {
            return Ok(false);
        }
        self.rev += 1;
        self.said[at].changed_rev = self.rev;
        self.said[at].reactions[who] = emoji;
        Ok(true)
    }

    fn managed_by(&self, who: usize) -> Result<(), ErrorCode> {
        match self.seats[who] {
            Seat { inside: false, .. } => Err(ErrorCode::NotFound),
            Seat { admin: false, .. } => Err(ErrorCode::Forbidden),
            _ => Ok(()),
        }
    }

    fn add(&mut self, who: usize, whom: usize) -> Outcome {
        self.managed_by(who)?;
        if self.seats[whom].inside {
            return Ok(false);
        }
        self.speak(None)?;
        self.seats[whom] = Seat {
            taken: true,
            inside: true,
            admin: false,
            standing: (self.rev, whom),
            first_seq: self.said.len() as u64,
            last_seq: u64::MAX,
            last_rev: u64::MAX,
        };
        Ok(true)
    }

    fn remove(&mut self, who: usize, whom: usize) -> Outcome {
        if who != whom {
            self.managed_by(who)?;
        }
        if !self.seats[whom].taken {
            return NOT_FOUND;
        }
        if !self.seats[whom].inside {
            return Ok(false);
        }
        self.speak(None)?;
        let seat = &mut self.seats[whom];
        seat.inside = false;
        seat.last_seq = self.said.len() as u64;
        seat.last_rev = self.rev;
        let mut staying: Vec<&mut Seat> =
            self.seats.iter_mut().filter(|seat| seat.inside).collect();
        staying.sort_by_key(|seat| seat.standing);
        if staying.iter().all(|seat| !seat.admin)
            && let Some(longest) = staying.first_mut()
        {
            longest.admin = true;
        }
        Ok(true)
    }

    fn set_role(&mut self, who: usize, whom: usize, admin: bool) -> Outcome {
        self.managed_by(who)?;
        if !self.seats[whom].inside {
            return NOT_FOUND;
        }
        if self.seats[whom].admin == admin {
            return Ok(false);
        }
        let admins = self.seats.iter().filter(|seat| seat.inside && seat.admin);
        if !admin && admins.count() == 1 {
            return Err(ErrorCode::Conflict);
        }
        self.seats[whom].admin = admin;
        self.speak(None)
    }

    fn set_admin_only(&mut self, who: usize, on: bool) -> Outcome {
        self.managed_by(who)?;
        if self.admin_only == on {
            return Ok(false);
        }
        self.admin_only = on;
        self.speak(None)
    }

    fn mark(&mut self, who: usize, kind: ReceiptKind, pick: usize) -> Outcome {
        let Some(at) = self.visible(who, pick) else {
            return NOT_FOUND;
        };
        let seq = at as u64 + 1;
        let moved = match kind {
            ReceiptKind::Read => seq > self.read[who],
            ReceiptKind::Delivered => seq > self.delivered[who],
        };
        self.delivered[who] = self.delivered[who].max(seq);
        if kind == ReceiptKind::Read {
            self.read[who] = self.read[who].max(seq);
        }
        Ok(moved)
    }

    /// Seq and reactions of everything someone may read; `None`: a tombstone.
    pub fn readable(&self, who: usize) -> Vec<Readable> {
        let seat = self.seats[who];
        (1_u64..)
            .zip(&self.said)
            .filter(|(seq, _)| seat.taken && (seat.first_seq..=seat.last_seq).contains(seq))
            .map(|(seq, said)| {
                let is_gone = said.deleted || said.changed_rev > seat.last_rev;
                (seq, (!is_gone).then_some(said.reactions))
            })
            .collect()
    }
}
