//! The workload: what front ends, payers, WeChat, strangers and sweepers do, and what kills and freezes instances.

use serde_json::json;
use tokio::task::JoinHandle;
use wechat_pay::deal::Fen;
use wechat_pay::gateway::Swept;
use wechat_pay::simulator::{NotificationMessage, Notify, OrderKey, Payment};
use wechat_pay::store::{Fault, StoreError};

use super::configuration::{Configuration, SELLERS};
use super::history::History;
use super::instance::Instance;
use super::invariants::Row;
use super::network::{Call, Posted};
use super::requests::{PendingRequest, RequestKind};
use super::scheduler::What;

/// Deals of one history; repeats are no new ones.
const DEALS: usize = 4;

impl History<'_> {
    /// One action, drawn by chance.
    pub async fn act(&mut self) {
        let kind =
            self.random.one_of(&[Notify::Normal, Notify::Normal, Notify::Normal, Notify::Normal, Notify::Forged, Notify::WrongAmount]);
        self.network.post(self.now(), kind);
        if self.books.are_at_work && self.books.random.happens(220) {
            return self.keep_books().await;
        }
        if self.is_evil && self.random.happens(120) {
            return self.evil_merchant_posts().await;
        }
        if self.random.happens(60) && self.reconfigure().await {
            return;
        }
        if !self.network.has_new_key && self.random.happens(30) {
            self.network.change_key();
            return self.step("WeChat has the new key").await;
        }
        if self.is_telling() && self.random.happens(if self.invariants.has_told() { 350 } else { 50 }) {
            return self.tell_something().await;
        }
        if self.invariants.checkouts.is_some() && self.random.happens(450) {
            return self.act_on_a_checkout().await;
        }
        let is_paid = self.invariants.rows.values().any(|row| row.status == 1);
        if self.random.happens(if is_paid { 450 } else { 20 }) {
            return self.money_goes_back().await;
        }
        match self.random.below(100) {
            0..15 => self.open_a_deal().await,
            // Several at a time.
            15..18 => {
                for _ in 0..3 {
                    self.open_a_deal().await;
                }
            }
            18..28 => self.ask_about_an_order("/wxPay/queryOrder").await,
            28..36 => self.ask_about_an_order("/wxPay/doCloseOrder").await,
            36..52 => self.payer_acts().await,
            52..61 => self.notification_moves().await,
            61..64 => self.stranger_posts().await,
            64..74 => self.sweep(if self.random.happens(800) { 100 } else { 3 }).await,
            74..76 => self.another_program_decides().await,
            76..78 => self.lock_something().await,
            78..90 => {
                let seconds = self.random.one_of(&[1, 1, 5, 5, 9, 30, 60, 70, 300, 360, 660, 1800, 7200]);
                self.advance(seconds).await;
            }
            90..93 => self.advance_to_an_end().await,
            93..95 if self.fault_rate > 0 => self.kill(self.random.below(self.instances.len())).await,
            95..97 if self.fault_rate > 0 => self.freeze().await,
            97..99 if self.fault_rate > 0 => self.hang_up().await,
            _ => self.restart().await,
        }
    }

    fn alive(&self) -> Option<&Instance> {
        let alive: Vec<_> = self.instances.iter().flatten().collect();
        (!alive.is_empty()).then(|| self.random.one_of(&alive))
    }

    /// One that a load balancer sends callers to.
    pub fn ready(&self) -> Option<&Instance> {
        let ready: Vec<_> = self.instances.iter().flatten().filter(|instance| instance.is_ready(self.now())).collect();
        (!ready.is_empty()).then(|| self.random.one_of(&ready))
    }

    pub async fn send(&mut self, kind: RequestKind, path: &str, key: Option<&str>, body: String) {
        let Some(instance) = self.ready() else { return };
        let (number, configuration) = (instance.number, instance.configuration.clone());
        let task = tokio::spawn(instance.request(path, key, body));
        if let RequestKind::Close(order_id) = &kind {
            self.front_ends.given_up.insert(order_id.clone());
        }
        self.sent += 1;
        let line = format!("{} asks i{number}: {}", self.sent, kind.name());
        self.requests.push(self.pending(number, configuration, kind, task));
        self.step(&line).await;
    }

    pub fn pending(
        &self,
        instance: usize,
        configuration: Configuration,
        kind: RequestKind,
        task: JoinHandle<(u16, String)>,
    ) -> PendingRequest {
        PendingRequest { number: self.sent, instance, configuration, kind, since: self.now(), faults: self.faults, task }
    }

    pub async fn open_a_deal(&mut self) {
        let again = !self.front_ends.keys.is_empty() && self.random.happens(450);
        if !again && self.invariants.rows.values().filter(|row| row.checkout_id.is_none()).count() >= DEALS {
            return;
        }
        let key = if again {
            Some(self.random.one_of(&self.front_ends.keys.keys().cloned().collect::<Vec<_>>()))
        } else {
            self.random.happens(700).then(|| (self.random.one_of(&SELLERS), format!("key-{}", self.sent)))
        };
        let seller = key.as_ref().map_or_else(|| self.random.one_of(&SELLERS), |(seller, _)| *seller);
        if let Some(key) = &key {
            self.front_ends.keys.entry(key.clone()).or_default();
        }
        let (price, fen) = self.random.one_of(&[("19.90", 1990), ("19.90", 1990), ("19.90", 1990), ("0.01", 1)]);
        let body = json!({"merchant_id": seller, "product_id": 34, "price": price}).to_string();
        let key = key.map(|(_, key)| key);
        self.send(RequestKind::ToPay { seller, key: key.clone(), fen }, "/wxPay/toPay", key.as_deref(), body).await;
    }

    async fn ask_about_an_order(&mut self, path: &'static str) {
        if self.front_ends.orders.is_empty() {
            return;
        }
        let order_id = self.random.one_of(&self.front_ends.orders);
        let body = json!({"order_id": order_id}).to_string();
        let kind = if path.ends_with("queryOrder") { RequestKind::Query(order_id) } else { RequestKind::Close(order_id) };
        self.send(kind, path, None, body).await;
    }

    async fn payer_acts(&mut self) {
        if self.random.happens(100) {
            return self.staff_gives_back().await;
        }
        let Some(order) = self.network.some_order(&self.random) else { return };
        let number = &order.out_trade_no;
        let line = match self.random.below(9) {
            0 => format!("the payer of {number} fails: {:?}", self.network.world.fail(number)),
            1 => format!("the payer of {number} enters a password: {:?}", self.network.world.enter_password(number)),
            _ => self.pay(&order),
        };
        self.step(&line).await;
    }

    pub fn pay(&mut self, order: &OrderKey) -> String {
        let coupon = if self.random.happens(100) { Fen::new(90) } else { None };
        let notify = self.random.one_of(&[Notify::Normal, Notify::Normal, Notify::Lost, Notify::Late, Notify::Twice]);
        let transaction_id = self.network.transaction_elsewhere(order).filter(|_| self.random.happens(400));
        let line = format!("the payer of {} pays, {notify:?}, by {transaction_id:?}", order.out_trade_no);
        self.count("same transaction in two accounts", u64::from(transaction_id.is_some()));
        let (payment, now) = (Payment { payer: None, coupon, notify: Some(notify), transaction_id, signed_by: None }, self.now());
        format!("{line}: {:?}", self.network.world.pay_order(order, payment, now))
    }

    async fn notification_moves(&mut self) {
        if self.network.notifications.is_empty() {
            return;
        }
        let place = self.random.below(self.network.notifications.len());
        match self.random.below(10) {
            0 => {
                let posted = self.network.notifications.remove(place);
                self.note(&format!("a notification about {} is lost", posted.notification.delivery.order.out_trade_no));
                self.network.answered(posted, None, false, self.clock.now());
            }
            // All at once, with repeats: what waits for the writer at the same time is committed together.
            3 | 4 => {
                for posted in std::mem::take(&mut self.network.notifications) {
                    let copy = Posted { by_wechat: false, ..posted.clone() };
                    self.deliver(posted).await;
                    self.deliver(copy).await;
                }
            }
            1 | 2 => {
                let copy = Posted { by_wechat: false, ..self.network.notifications[place].clone() };
                self.deliver(copy).await;
            }
            _ => {
                let posted = self.network.notifications.remove(place);
                self.deliver(posted).await;
            }
        }
    }

    pub async fn deliver(&mut self, posted: Posted) {
        if self.ready().is_none() {
            self.network.answered(posted, None, false, self.clock.now());
            return;
        }
        let NotificationMessage { url, body, .. } = posted.notification.clone();
        let path = url.strip_prefix("https://pay.example.com").expect("an address of ours");
        self.send(RequestKind::Notify(Box::new(posted)), path, None, body).await;
    }

    pub async fn sweep(&mut self, calls: u32) {
        let Some(number) = self.alive().map(|instance| instance.number) else { return };
        self.sweep_by(number, calls).await;
    }

    pub async fn sweep_by(&mut self, number: usize, calls: u32) {
        let Some(instance) = self.instances.iter().flatten().find(|instance| instance.number == number) else { return };
        let (gateway, configuration) = (instance.gateway.clone(), instance.configuration.clone());
        let task = tokio::spawn(async move {
            gateway.look_for_missing_accounts().await;
            (0, told(gateway.sweep_once(calls).await))
        });
        self.sent += 1;
        self.requests.push(self.pending(number, configuration, RequestKind::Sweep, task));
        let line = format!("{} i{number} sweeps, {calls} calls", self.sent);
        self.step(&line).await;
    }

    /// The service that was here before, on the same table, has heard of a payment and marks its row.
    async fn another_program_decides(&mut self) {
        // It knows nothing of checkouts.
        let is_paid = |row: &&Row| row.checkout_id.is_none() && self.network.order(row).is_some_and(|order| order.trade_state.is_paid());
        let paid: Vec<_> = self.invariants.undecided().filter(is_paid).map(|row| row.order_id.clone()).collect();
        if !paid.is_empty() {
            let order_id = self.random.one_of(&paid);
            self.decide_elsewhere(&order_id).await;
        }
    }

    pub async fn decide_elsewhere(&mut self, order_id: &str) {
        self.invariants.decide_elsewhere(order_id).await;
        self.count("decided elsewhere", 1);
        self.step(&format!("another program marks {order_id} as paid")).await;
    }

    /// A process is gone. What stood before the database or WeChat has got there or not; no answer is heard.
    async fn kill(&mut self, place: usize) {
        let Some(instance) = self.instances[place].take() else { return };
        let number = instance.number;
        self.note(&format!("i{number} is killed"));
        self.count("killed", 1);
        let (gone, left): (Vec<_>, Vec<_>) = self.requests.drain(..).partition(|pending| pending.instance == number);
        self.requests = left;
        for pending in gone {
            pending.task.abort();
            self.unheard(pending);
        }
        for waiting in self.scheduler.kill(number) {
            self.acts(&waiting);
            let arrives = self.random.happens(400);
            match waiting.what {
                What::Statement { go, tried } => {
                    let line = format!("  its {} arrives: {arrives}", tried.name);
                    let _ = go.send(Fault::Broken { carried_out: arrives });
                    self.step(&line).await;
                }
                What::Call { api, request, .. } if arrives => {
                    let _ = self.carry(Call::ReplyLost, api, &request, waiting.since);
                    self.step(&format!("  its {api} arrives")).await;
                }
                What::Post { request, .. } if arrives => {
                    self.post_arrives(&request);
                    self.step("  its message arrives").await;
                }
                What::Call { .. } | What::Post { .. } => {}
            }
        }
        drop(instance);
        self.step("  and gone").await;
    }

    /// A process stands still for a while, with whatever it has under way, and then goes on as if nothing had been. (Not for
    /// longer than a request is waited for before a deal counts as never ordered, and that is a minute.)
    async fn freeze(&mut self) {
        let Some(number) = self.alive().map(|instance| instance.number) else { return };
        self.note(&format!("i{number} stands still"));
        self.count("frozen", 1);
        self.faults += 1;
        self.frozen = Some(number);
        self.advance(30).await;
        self.others_tell(number).await;
        self.frozen = None;
        loop {
            let place = self.scheduler.waiting().iter().position(|one| one.instance == number);
            let Some(place) = place else { break };
            self.let_through(place).await;
        }
    }

    /// Another program works on the table: a migration, a backup, an operator's open client.
    async fn lock_something(&mut self) {
        let rows: Vec<_> = self.invariants.rows.keys().cloned().collect();
        let row = (!rows.is_empty() && self.random.happens(800)).then(|| self.random.one_of(&rows));
        let seconds = self.random.one_of(&[1, 3, 10, 60]);
        let line = format!("{row:?} is locked for {seconds} s");
        self.locks.begin(row, self.now(), seconds);
        self.step(&line).await;
    }

    async fn restart(&mut self) {
        if let Some(place) = self.instances.iter().position(Option::is_none) {
            self.start_at(place).await;
        }
    }

    async fn start_at(&mut self, place: usize) {
        let instance = self.start_instance(false).await;
        let line = format!("i{} is started: {:?}", instance.number, instance.configuration);
        self.instances[place] = Some(instance);
        self.step(&line).await;
    }

    /// The configuration is changed where it changes in this history, and one instance is restarted for it.
    async fn reconfigure(&mut self) -> bool {
        let mut changes = Vec::new();
        if let Some(account) = &self.vanishing {
            let lacks = if self.configuration.lacks.is_none() { Some(account.clone()) } else { None };
            let what = if lacks.is_some() { "accounts gone" } else { "accounts back" };
            changes.push((what, Configuration { lacks, ..self.configuration.clone() }));
        }
        if !self.configuration.has_new_key {
            changes.push(("keys changed", Configuration { has_new_key: true, ..self.configuration.clone() }));
        }
        if self.has_a_mover && !self.configuration.has_moved {
            changes.push(("sellers moved", Configuration { has_moved: true, ..self.configuration.clone() }));
        }
        if changes.is_empty() {
            return false;
        }
        let (what, configuration) = self.random.one_of(&changes);
        self.configuration = configuration;
        self.count(what, 1);
        let place = self.random.below(self.instances.len());
        self.kill(place).await;
        self.start_at(place).await;
        true
    }

    /// A caller hangs up; what it has begun goes on without it.
    async fn hang_up(&mut self) {
        let callers: Vec<_> =
            (0..self.requests.len()).filter(|&place| !matches!(self.requests[place].kind, RequestKind::Telling(_))).collect();
        if callers.is_empty() {
            return;
        }
        let pending = self.requests.remove(self.random.one_of(&callers));
        pending.task.abort();
        let line = format!("{} hangs up", pending.number);
        self.count("hung up", 1);
        self.unheard(pending);
        self.step(&line).await;
    }

    fn unheard(&mut self, pending: PendingRequest) {
        if let RequestKind::Notify(posted) = pending.kind {
            self.network.answered(*posted, None, false, self.clock.now());
        }
    }

    async fn advance_to_an_end(&mut self) {
        let ends: Vec<_> = self.invariants.undecided().map(|row| row.expires_at).filter(|end| *end > self.now()).collect();
        if !ends.is_empty() {
            let end = self.random.one_of(&ends);
            let seconds = (end - self.now()).num_seconds() + self.random.one_of(&[-1, 0, 1]);
            self.advance(seconds.max(0)).await;
        }
    }
}

/// What a pass did: deals that were due, looked at, and calls; or why it could not.
fn told(outcome: Result<Swept, StoreError>) -> String {
    match outcome {
        Ok(swept) => format!("{} due, {} looked at, {} calls", swept.due, swept.looked, swept.calls),
        Err(error) => error.to_string(),
    }
}
