//! Which items a pass looks at, and under whose budget.

use super::*;

/// Numbers that are due, those that came due last first, each by its account; the leases of `elsewhere` are another
/// instance's. Each step costs one call.
#[derive(Default)]
struct Numbers {
    due: Vec<(AccountId, u32)>,
    elsewhere: Vec<u32>,
    planned: Mutex<Vec<(u32, i64, Option<Timestamp>)>>,
}

impl Followed for Numbers {
    type Item = (AccountId, u32);
    type Step = Option<Timestamp>;

    async fn due(&self, _now: Timestamp, limit: u32, but_of: &[AccountId]) -> Result<DueItems<(AccountId, u32)>, StoreError> {
        let limit = usize::try_from(limit).unwrap();
        let mut items: Vec<_> = self.due.iter().filter(|(account, _)| !but_of.contains(account)).cloned().collect();
        let is_cut = items.len() >= 2 * limit;
        if is_cut {
            items.drain(limit..items.len() - limit);
        }
        Ok(DueItems { items, is_cut })
    }

    fn due_at(&self, (_, number): &(AccountId, u32)) -> Option<Timestamp> {
        Some(Timestamp::UNIX_EPOCH + TimeDelta::seconds((*number).into()))
    }

    fn account<'a>(&self, (account, _): &'a (AccountId, u32)) -> &'a AccountId {
        account
    }

    fn terms(&self, (_, number): &(AccountId, u32)) -> (u32, TimeDelta) {
        (1, TimeDelta::seconds((*number).into()))
    }

    async fn acquire(&self, (_, number): &(AccountId, u32), _until: Timestamp) -> bool {
        !self.elsewhere.contains(number)
    }

    async fn step(&self, (_, number): &(AccountId, u32), now: Timestamp, calls: &Calls) -> Option<Timestamp> {
        calls.add_one();
        (!number.is_multiple_of(2)).then_some(now)
    }

    async fn plan(&self, (_, number): &(AccountId, u32), until: Timestamp, next: Option<Timestamp>) {
        self.planned.lock().unwrap().push((*number, until.timestamp(), next));
    }
}

fn account(name: &str) -> AccountId {
    name.parse().unwrap()
}

/// These numbers of one account.
fn of(name: &str, numbers: impl DoubleEndedIterator<Item = u32>) -> Vec<(AccountId, u32)> {
    numbers.rev().map(|number| (account(name), number)).collect()
}

/// What one pass of a new instance's does.
async fn pass(numbers: Numbers, calls: u32, accounts: u32) -> (Swept, Vec<(u32, i64, Option<Timestamp>)>) {
    let swept = Follower::default().pass(&numbers, Timestamp::UNIX_EPOCH, calls, accounts).await.unwrap();
    (swept, numbers.planned.into_inner().unwrap())
}

/// The numbers that were looked at, in their order.
fn looked_at(planned: &[(u32, i64, Option<Timestamp>)]) -> Vec<u32> {
    let mut numbers: Vec<_> = planned.iter().map(|(number, ..)| *number).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn what_is_acquired_is_moved_on_and_planned_under_its_lease() {
    let (swept, planned) = pass(Numbers { due: of("a", 1..5), ..Numbers::default() }, 100, 1).await;
    assert_eq!(swept, Swept { due: 4, looked: 4, calls: 4 });
    let again = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(planned, [(4, 4, None), (1, 1, again), (3, 3, again), (2, 2, None)]);
}

#[tokio::test]
async fn a_lease_of_another_instance_s_costs_nothing() {
    let (swept, planned) = pass(Numbers { due: of("a", 1..5), elsewhere: vec![4, 1], ..Numbers::default() }, 2, 2).await;
    assert_eq!(swept, Swept { due: 4, looked: 2, calls: 2 });
    assert_eq!(planned.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [3, 2]);
}

#[tokio::test]
async fn each_account_has_a_line_and_a_budget_of_its_own() {
    let due = [of("b", 11..15), of("a", 1..5)].concat();
    let (swept, planned) = pass(Numbers { due, ..Numbers::default() }, 2, 4).await;
    assert_eq!(swept, Swept { due: 8, looked: 4, calls: 4 });
    assert_eq!(looked_at(&planned), [1, 4, 11, 14], "both ends of both lines");
}

#[tokio::test]
async fn however_much_is_due_of_one_account_the_others_are_read() {
    // Two accounts with two calls each: eight are read at once, and of these all are the first account's.
    let due = [of("much", 21..40), of("little", 5..6), of("much", 1..20)].concat();
    let (_, planned) = pass(Numbers { due, ..Numbers::default() }, 2, 2).await;
    assert_eq!(looked_at(&planned), [1, 5, 39]);
}

#[tokio::test]
async fn however_many_accounts_share_what_is_read_the_others_are_read() {
    // Of 21 busy accounts none has its hundred among the two thousand that are read at once.
    let busy = |numbers: std::ops::Range<u32>| numbers.flat_map(|number| (0..21).map(move |n| (account(&format!("busy{n}")), number)));
    let due = busy(0..60).chain(of("quiet", 100..101)).chain(busy(200..260)).collect();
    let (_, planned) = pass(Numbers { due, ..Numbers::default() }, 100, 22).await;
    assert!(looked_at(&planned).contains(&100));
}

#[test]
fn the_places_are_shared_by_the_accounts_that_have_something_due() {
    assert_eq!([1, 2, 20, 500].map(|accounts| places(100, accounts)), [1200, 600, 60, 8]);
}

#[tokio::test]
async fn an_account_whose_wechat_is_silent_fills_its_own_places_only() {
    let (follower, numbers) = (Follower::default(), Numbers { due: [of("b", 3..5), of("a", 1..3)].concat(), ..Numbers::default() });
    let silent = follower.pace(&account("a"));
    silent.refill(100, places(1, 2));
    let under_way = silent.choose(&mut VecDeque::from([(); 100]), |()| 1);
    assert_eq!(under_way.len(), 8);
    follower.pass(&numbers, Timestamp::UNIX_EPOCH, 1, 2).await.unwrap();
    drop(under_way);
    follower.pass(&numbers, Timestamp::UNIX_EPOCH, 1, 2).await.unwrap();
    assert_eq!(looked_at(&numbers.planned.into_inner().unwrap()), [2, 3, 4], "a's is looked at once its WeChat has answered");
}

#[tokio::test]
async fn what_one_account_has_overspent_the_others_do_not_pay() {
    let (follower, numbers) = (Follower::default(), Numbers { due: [of("b", 3..5), of("a", 1..3)].concat(), ..Numbers::default() });
    let overspent = follower.pace(&account("a"));
    overspent.refill(1, 8);
    for chosen in overspent.choose(&mut VecDeque::from([()]), |()| 1) {
        overspent.settle(chosen.share, 6);
    }
    follower.pass(&numbers, Timestamp::UNIX_EPOCH, 1, 2).await.unwrap();
    assert_eq!(looked_at(&numbers.planned.into_inner().unwrap()), [4]);
}

#[test]
fn as_many_as_are_under_way_with_all_accounts_are_never_exceeded_with_fewer() {
    for (calls, accounts, most) in [(100, 1, 1200), (100, 7, 1200), (100, 150, 1200), (100, 500, 4000), (1000, 1, 12_000), (0, 10, 80)] {
        assert_eq!(most_under_way(calls, accounts), most, "{calls} calls, {accounts} accounts");
        assert!((1..=accounts).all(|due| places(calls, due) * due <= most), "{calls} calls, {accounts} accounts");
    }
}
