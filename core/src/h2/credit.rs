//! The windows that the peer sends into: what it may still send, and when credit is due.
//! Decides when a WINDOW_UPDATE goes out and by how much; what was taken or thrown away it is told.
//!
//! All that is unread is within the window. Credit is given once for each octet, when it
//! has left: either the application took it or it was thrown away.

/// A window of ours.
#[derive(Clone, Copy, Debug)]
pub struct Credit {
    /// What it is to be.
    size: u32,
    /// What the peer may still send: less than nothing, if it learned late how small this is.
    left: i64,
    /// What has left and was not given back yet.
    due: u32,
    /// What is not given back, since the window was made smaller.
    withheld: u32,
}

impl Credit {
    /// A window of this size, which the peer knows.
    pub fn new(size: u32) -> Credit {
        Credit { size, left: i64::from(size), due: 0, withheld: 0 }
    }

    /// A window of this size, which the peer takes for one of `first` until it has
    /// acknowledged our settings.
    pub fn told(size: u32, first: u32) -> Credit {
        Credit { left: i64::from(first), ..Credit::new(size) }
    }

    /// The peer takes it for what it is from now on, no more for one of `first`: its own
    /// count is less by the difference (RFC 9113 §6.9.2).
    pub fn acknowledge(&mut self, first: u32) {
        self.left += i64::from(self.size) - i64::from(first);
    }

    /// What the peer may still send.
    pub fn left(&self) -> u32 {
        u32::try_from(self.left.max(0)).unwrap_or(u32::MAX)
    }

    /// What it is to be.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// So much came; says whether there was room for it.
    pub fn receive(&mut self, octets: u32) -> bool {
        let room = octets == 0 || i64::from(octets) <= self.left;
        self.left -= if room { i64::from(octets) } else { 0 };
        room
    }

    /// So much of what came has left.
    pub fn release(&mut self, octets: u32) {
        let kept = octets.min(self.withheld);
        self.withheld -= kept;
        self.due = self.due.saturating_add(octets - kept);
    }

    /// Makes it larger at once, or smaller as it is used: nothing is taken back.
    pub fn resize(&mut self, size: u32) {
        match size.checked_sub(self.size) {
            Some(more) => {
                let forgiven = more.min(self.withheld);
                self.withheld -= forgiven;
                self.due = self.due.saturating_add(more - forgiven);
            }
            None => {
                let less = self.size - size;
                let undone = less.min(self.due);
                self.due -= undone;
                self.withheld += less - undone;
            }
        }
        self.size = size;
    }

    /// Whether so much is due that a frame is worth it: half the window.
    pub fn is_due(&self) -> bool {
        self.due > 0 && self.due >= self.size / 2
    }

    /// What is due, which the peer is told now.
    pub fn grant(&mut self) -> u32 {
        let granted = std::mem::take(&mut self.due);
        self.left += i64::from(granted);
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn credit_is_due_when_half_a_window_has_left() {
        let mut credit = Credit::new(100);
        assert!(credit.receive(70) && !credit.receive(31));
        credit.release(49);
        assert!(!credit.is_due());
        credit.release(1);
        assert!(credit.is_due());
        assert_eq!((credit.grant(), credit.left()), (50, 80));
        assert!(!credit.is_due());
    }

    #[test]
    fn who_learns_late_how_small_a_window_is_may_have_filled_a_larger_one() {
        let mut credit = Credit::told(10, 100);
        assert!(credit.receive(60));
        credit.acknowledge(100);
        assert!(credit.left() == 0 && !credit.receive(1) && credit.receive(0));
        // What is read is given back, and what was too much makes room for nothing.
        credit.release(50);
        assert_eq!((credit.grant(), credit.left()), (50, 0));
        credit.release(10);
        assert_eq!((credit.grant(), credit.left()), (10, 10));
        let mut larger = Credit::told(100, 10);
        assert!(!larger.receive(11));
        larger.acknowledge(10);
        assert!(larger.receive(100));
    }

    #[test]
    fn an_empty_window_is_never_due() {
        assert!(!Credit::new(0).is_due());
        assert!(!Credit::new(1).is_due());
    }

    proptest! {
        #[test]
        fn what_is_left_unread_and_due_is_the_window(
            steps in proptest::collection::vec((0..4, 0..500_u32), 0..100),
        ) {
            let mut credit = Credit::new(400);
            let mut unread = 0;
            for (step, octets) in steps {
                match step {
                    0 => if credit.receive(octets) { unread += octets },
                    1 => {
                        let octets = octets.min(unread);
                        unread -= octets;
                        credit.release(octets);
                    }
                    2 => credit.resize(octets),
                    _ => { credit.grant(); }
                }
                let known = credit.left() + credit.due + unread;
                prop_assert_eq!(known, credit.size + credit.withheld);
            }
        }
    }
}
