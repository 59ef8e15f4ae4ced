//! What can happen next.

use chrono::TimeDelta;
use serde_json::json;
use wechat_pay::deal::{Fen, Timestamp};
use wechat_pay::simulator::Notify;
use wechat_pay::store::Fate;

use super::errands::{Errand, Wish, acknowledged};
use super::gates::What;
use super::history::History;
use super::instance::Instance;
use super::sea::{Call, Posted};

/// A statement that is not through by then has taken too long for its worker, a call for the client.
const STATEMENT: TimeDelta = TimeDelta::seconds(2);
const CALL: TimeDelta = TimeDelta::seconds(6);
const DEALS: usize = 4;

impl History<'_> {
    /// Somebody does something.
    pub async fn make_a_move(&mut self) {
        let kind = self.dice.one_of(&[Notify::Normal, Notify::Normal, Notify::Normal, Notify::Normal, Notify::Forged, Notify::WrongAmount]);
        self.sea.post(self.now(), kind);
        match self.dice.below(100) {
            0..18 => self.open_a_deal().await,
            18..28 => self.ask_about_an_order("/wxPay/queryOrder").await,
            28..36 => self.ask_about_an_order("/wxPay/doCloseOrder").await,
            36..52 => self.payer_acts().await,
            52..62 => self.letter_moves().await,
            62..74 => self.sweep(if self.dice.happens(800) { 100 } else { 3 }).await,
            74..90 => {
                let seconds = self.dice.one_of(&[1, 1, 5, 5, 9, 30, 60, 70, 300, 360, 660, 1800, 7200]);
                self.advance(seconds).await;
            }
            90..93 => self.advance_to_an_end().await,
            93..97 if self.weather > 0 => self.kill().await,
            97..99 if self.weather > 0 => self.hang_up().await,
            _ => self.restart().await,
        }
    }

    fn alive(&self) -> Option<&Instance> {
        let alive: Vec<_> = self.instances.iter().flatten().collect();
        (!alive.is_empty()).then(|| self.dice.one_of(&alive))
    }

    async fn send(&mut self, wish: Wish, path: &str, key: Option<&str>, body: String) {
        let Some(instance) = self.alive() else { return };
        let (number, task) = (instance.number, tokio::spawn(instance.request(path, key, body)));
        self.sent += 1;
        let line = format!("{} asks i{number}: {}", self.sent, wish.name());
        self.errands.push(Errand { number: self.sent, instance: number, wish, task });
        self.step(&line).await;
    }

    async fn open_a_deal(&mut self) {
        let again = !self.tills.keys.is_empty() && self.dice.happens(450);
        if !again && self.audit.rows.len() >= DEALS {
            return;
        }
        let key = if again {
            Some(self.dice.one_of(&self.tills.keys.keys().cloned().collect::<Vec<_>>()))
        } else {
            self.dice.happens(700).then(|| format!("key-{}", self.sent))
        };
        if let Some(key) = &key {
            self.tills.keys.entry(key.clone()).or_default();
        }
        let body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"}).to_string();
        self.send(Wish::ToPay { key: key.clone() }, "/wxPay/toPay", key.as_deref(), body).await;
    }

    async fn ask_about_an_order(&mut self, path: &'static str) {
        if self.tills.orders.is_empty() {
            return;
        }
        let order_id = self.dice.one_of(&self.tills.orders);
        let body = json!({"order_id": order_id}).to_string();
        let wish = if path.ends_with("queryOrder") { Wish::Query(order_id) } else { Wish::Close(order_id) };
        self.send(wish, path, None, body).await;
    }

    async fn payer_acts(&mut self) {
        let Some(order) = self.sea.some_order(&self.dice) else { return };
        let now = self.now();
        let line = match self.dice.below(10) {
            0 => format!("the payer of {order} fails: {:?}", self.sea.world.fail(&order)),
            1 => format!("the payer of {order} enters a password: {:?}", self.sea.world.enter_password(&order)),
            _ => {
                let coupon = if self.dice.happens(100) { Fen::new(90) } else { None };
                let notify = self.dice.one_of(&[Notify::Normal, Notify::Normal, Notify::Lost, Notify::Late, Notify::Twice]);
                format!("the payer of {order} pays, {notify:?}: {:?}", self.sea.world.pay(&order, coupon, Some(notify), now))
            }
        };
        self.step(&line).await;
    }

    async fn letter_moves(&mut self) {
        if self.sea.letters.is_empty() {
            return;
        }
        let place = self.dice.below(self.sea.letters.len());
        match self.dice.below(10) {
            0 => {
                let posted = self.sea.letters.remove(place);
                self.note(&format!("a letter about {} is lost", posted.letter.delivery.out_trade_no));
                self.sea.answered(posted, None, false, self.clock.now());
            }
            1 | 2 => {
                let copy = Posted { by_wechat: false, ..self.sea.letters[place].clone() };
                self.deliver(copy).await;
            }
            _ => {
                let posted = self.sea.letters.remove(place);
                self.deliver(posted).await;
            }
        }
    }

    pub async fn deliver(&mut self, posted: Posted) {
        if self.alive().is_none() {
            self.sea.answered(posted, None, false, self.clock.now());
            return;
        }
        let body = posted.letter.body.clone();
        self.send(Wish::Notify(Box::new(posted)), "/wxPay/notify", None, body).await;
    }

    pub async fn sweep(&mut self, calls: u32) {
        let Some(instance) = self.alive() else { return };
        let (number, gateway) = (instance.number, instance.gateway.clone());
        let task = tokio::spawn(async move { (0, format!("{:?}", gateway.sweep_once(calls).await)) });
        self.sent += 1;
        self.errands.push(Errand { number: self.sent, instance: number, wish: Wish::Sweep, task });
        let line = format!("{} i{number} sweeps, {calls} calls", self.sent);
        self.step(&line).await;
    }

    /// A process is gone. What stood before the database or WeChat has got there or not; nobody hears.
    async fn kill(&mut self) {
        let place = self.dice.below(self.instances.len());
        let Some(instance) = self.instances[place].take() else { return };
        let number = instance.number;
        self.note(&format!("i{number} is killed"));
        self.count("killed", 1);
        let (gone, left): (Vec<_>, Vec<_>) = self.errands.drain(..).partition(|errand| errand.instance == number);
        self.errands = left;
        for errand in gone {
            errand.task.abort();
            self.unheard(errand);
        }
        for waiting in self.gates.kill(number) {
            let arrives = self.dice.happens(400);
            match waiting.what {
                What::Statement { go, name } => {
                    let line = format!("  its {name} arrives: {arrives}");
                    let _ = go.send(Fate::Broken { carried_out: arrives });
                    self.step(&line).await;
                }
                What::Call { api, request, .. } if arrives => {
                    let _ = self.sea.carry(Call::ReplyLost, api, &request, self.clock.now(), &self.dice);
                    self.step(&format!("  its {api} arrives")).await;
                }
                What::Call { .. } => {}
            }
        }
        drop(instance);
        self.step("  and gone").await;
    }

    async fn restart(&mut self) {
        let Some(place) = self.instances.iter().position(Option::is_none) else { return };
        let instance = self.start_instance().await;
        let line = format!("i{} is started", instance.number);
        self.instances[place] = Some(instance);
        self.step(&line).await;
    }

    /// A caller hangs up; what he has begun goes on without him.
    async fn hang_up(&mut self) {
        if self.errands.is_empty() {
            return;
        }
        let errand = self.errands.remove(self.dice.below(self.errands.len()));
        errand.task.abort();
        let line = format!("{} hangs up", errand.number);
        self.count("hung up", 1);
        self.unheard(errand);
        self.step(&line).await;
    }

    fn unheard(&mut self, errand: Errand) {
        if let Wish::Notify(posted) = errand.wish {
            self.sea.answered(*posted, None, false, self.clock.now());
        }
    }

    /// Time passes, with everything that happens meanwhile.
    pub async fn advance(&mut self, seconds: i64) {
        let until = self.now() + TimeDelta::seconds(seconds);
        self.note(&format!("{seconds} s pass"));
        while self.now() < until {
            let overdue = self.gates.waiting().iter().map(|one| one.since + patience(&one.what)).min();
            let next =
                [overdue, self.clock.next_pause_over(), self.sea.next_late_arrival()].into_iter().flatten().fold(until, Timestamp::min);
            self.clock.advance((next - self.now()).max(TimeDelta::zero()));
            let arrived = self.sea.late_arrivals(self.clock.now());
            self.step(&format!("{arrived} requests arrive late")).await;
            loop {
                let overdue = |one: &super::gates::Waiting| one.since + patience(&one.what) <= self.clock.now();
                let Some(place) = self.gates.waiting().iter().position(overdue) else { break };
                if self.dice.happens(500) {
                    self.let_through(place).await;
                } else {
                    self.time_out(place).await;
                }
            }
        }
    }

    async fn advance_to_an_end(&mut self) {
        let ends: Vec<_> = self.audit.undecided().map(|row| row.expires_at).filter(|end| *end > self.now()).collect();
        if !ends.is_empty() {
            let end = self.dice.one_of(&ends);
            let seconds = (end - self.now()).num_seconds() + self.dice.one_of(&[-1, 0, 1]);
            self.advance(seconds.max(0)).await;
        }
    }

    async fn time_out(&mut self, place: usize) {
        let waiting = self.gates.take(place);
        let carried_out = self.dice.happens(500);
        let line = match waiting.what {
            What::Statement { name, go } => {
                let _ = go.send(Fate::TooSlow { carried_out });
                format!("i{}: {name} takes too long, carried out: {carried_out}", waiting.instance)
            }
            What::Call { api, request, go } => {
                let call = if carried_out { Call::ReplyLost } else { Call::Late };
                let _ = go.send(self.sea.carry(call, api, &request, self.clock.now(), &self.dice));
                format!("i{}: {api} takes too long: {call:?}", waiting.instance)
            }
        };
        self.step(&line).await;
    }

    /// One of those at the gates goes on, or meets its fate.
    pub async fn let_through(&mut self, place: usize) {
        let waiting = self.gates.take(place);
        let line = match waiting.what {
            What::Statement { name, go } => {
                let fate = self.draw_fate();
                let _ = go.send(fate);
                format!("i{}: {name}: {fate:?}", waiting.instance)
            }
            What::Call { api, request, go } => {
                let call = self.draw_call();
                let _ = go.send(self.sea.carry(call, api, &request, self.clock.now(), &self.dice));
                format!("i{}: {api}: {call:?}", waiting.instance)
            }
        };
        self.step(&line).await;
    }

    fn draw_fate(&mut self) -> Fate {
        let (wrong, draw) = (60 * self.weather, self.dice.below(1000));
        if draw >= wrong {
            return Fate::Answered;
        }
        let carried_out = self.dice.happens(500);
        self.count(if carried_out { "commit unheard" } else { "statement lost" }, 1);
        if self.dice.happens(700) { Fate::Broken { carried_out } } else { Fate::TooSlow { carried_out } }
    }

    fn draw_call(&mut self) -> Call {
        const WRONG: [Call; 12] = [
            Call::Unreachable,
            Call::Limited,
            Call::Lost,
            Call::Lost,
            Call::ReplyLost,
            Call::ReplyLost,
            Call::ReplyLost,
            Call::Late,
            Call::Late,
            Call::SystemError,
            Call::SystemErrorYetDone,
            Call::Html,
        ];
        if !self.dice.happens(140 * self.weather) {
            return Call::Answered;
        }
        let call = self.dice.one_of(&WRONG);
        if call == Call::ReplyLost {
            self.count("reply lost", 1);
        }
        call
    }

    /// Lets everybody go on until nobody is under way.
    pub async fn drain(&mut self) {
        loop {
            if !self.gates.waiting().is_empty() {
                self.let_through(0).await;
            } else if let Some(over) = self.clock.next_pause_over() {
                self.clock.advance(over - self.now());
                self.step("a pause is over").await;
            } else {
                break;
            }
        }
        assert!(self.errands.is_empty(), "somebody waits for nothing: {}", self.errands[0].wish.name());
    }

    /// Holds the answers that have arrived against the truth.
    pub async fn hear_answers(&mut self) {
        let (done, waiting): (Vec<_>, Vec<_>) = self.errands.drain(..).partition(|errand| errand.task.is_finished());
        self.errands = waiting;
        for errand in done {
            let (status, body) = errand.task.await.expect("an errand without a panic");
            self.note(&format!("{} hears {status} {}", errand.number, body.replace('\n', " ")));
            match errand.wish {
                Wish::Sweep => {}
                Wish::Notify(posted) => {
                    let content = acknowledged(&posted, status, &body, &self.audit, &self.sea);
                    self.count(
                        if content {
                            "acknowledged"
                        } else if posted.genuine {
                            "busy"
                        } else {
                            "not believed"
                        },
                        1,
                    );
                    self.sea.answered(*posted, Some(status), content, self.clock.now());
                }
                wish => self.tills.hear(&wish, status, &body, &self.audit, &self.sea),
            }
        }
    }
}

fn patience(what: &What) -> TimeDelta {
    match what {
        What::Statement { .. } => STATEMENT,
        What::Call { .. } => CALL,
    }
}
