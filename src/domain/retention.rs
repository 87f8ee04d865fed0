//! How long versions that are not live are kept, and how much may be deleted unasked.

/// The rules for versions that are not live, and for objects that no version needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The newest versions of a configuration that always stay.
    pub keep: u32,
    /// How long others stay, from when they were made or live last, in milliseconds.
    pub keep_ms: i64,
    /// How long the objects of a retired version stay, in milliseconds: cached manifests name them so long.
    pub grace_ms: i64,
}

/// How much of a store a collection may delete without an operator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Of all objects.
    pub max_percent: u32,
    /// So many objects may be deleted whatever share of a small store they are.
    pub always: u32,
}

impl Share {
    /// An operator has said that it may be any.
    pub const ANY: Self = Self { max_percent: 100, always: 0 };

    /// With how many objects in all so many of them may be deleted; none where no number is large enough.
    pub fn enough_for(self, some: usize) -> Option<usize> {
        if some as u128 <= u128::from(self.always) {
            return Some(some);
        }
        (some as u128 * 100)
            .checked_div(u128::from(self.max_percent))
            .map(|all| usize::try_from(all + 1).unwrap_or(usize::MAX))
    }

    /// Whether so many of so many objects may be deleted.
    pub fn allows(self, some: usize, all: usize) -> bool {
        // The two are counted one after the other, so that there may be more of some than of all.
        let some = some.min(all);
        let (some, all) = (some as u128, all as u128);
        some <= u128::from(self.always) || some * 100 <= all * u128::from(self.max_percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_is_enough_and_one_less_may_not_be() {
        for (max_percent, always) in [(10, 5), (10, 0), (33, 7), (100, 0), (0, 5), (0, 0)] {
            let share = Share { max_percent, always };
            for some in [0, 1, 5, 6, 7, 99, 100, 12_345] {
                match share.enough_for(some) {
                    Some(enough) => assert!(share.allows(some, enough), "{share:?} {some} of {enough}"),
                    None => assert!(!share.allows(some, usize::MAX / 200), "{share:?} {some}"),
                }
            }
        }
        assert_eq!(Share { max_percent: 10, always: 0 }.enough_for(7), Some(71));
    }

    #[test]
    fn a_share_is_of_large_stores() {
        let share = Share { max_percent: 20, always: 50 };
        assert!(share.allows(0, 0) && share.allows(50, 50) && share.allows(200, 1000));
        assert!(!share.allows(51, 51) && !share.allows(201, 1000));
        assert!(Share::ANY.allows(1000, 1000));
    }
}
