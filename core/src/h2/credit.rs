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
    /// What the peer may still send.
    left: u32,
    /// What has left and was not given back yet.
    due: u32,
    /// What is not given back, since the window was made smaller.
    withheld: u32,
}

impl Credit {
    /// A window of this size, which the peer knows.
    pub fn new(size: u32) -> Credit {
        Credit { size, left: size, due: 0, withheld: 0 }
    }

    /// What the peer may still send.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// What it is to be.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// So much came; says whether there was room for it.
    pub fn receive(&mut self, octets: u32) -> bool {
        match self.left.checked_sub(octets) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
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
        self.left = self.left.saturating_add(granted);
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
                let known = credit.left + credit.due + unread;
                prop_assert_eq!(known, credit.size + credit.withheld);
            }
        }
    }
}
