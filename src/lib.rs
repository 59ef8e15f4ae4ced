//! A self-hosted payment gateway for WeChat Pay (v2): QR codes, payments inside WeChat, from phones' browsers and from apps.
//!
//! A front end opens a deal and shows a QR code, or makes a checkout and leads the payer to its page, which opens the deal that fits the
//! device; the payer pays inside WeChat; WeChat posts a signed notification; the deal is Paid, and the front end hears it by an event or
//! sees it at its next poll. A back end may have a payment given back. The README says how to run it; this page is for engineers that
//! change it.
//!
//! # The way of a request
//! ```text
//! front end    ─POST toPay─▶ http::to_pay ─▶ Gateway::to_pay ─▶ Accounts::of_seller     through which account it goes, for good
//!                                                           ├─▶ Store::insert           unpaid, before money can move
//!                                                           ├─▶ Channel::open           ─▶ code_url │ mweb_url │ prepay_id
//!                                                           └─▶ Store::note_prepay      ─▶ JSON, with Channel::pay_params
//! front end    ─POST checkout─▶ http::checkout ─▶ Gateway::open_checkout ─▶ Store::insert_checkout       nothing is asked of WeChat
//! payer's page ─GET pay/C…─▶ http::pay_page::checkout ─▶ Gateway::checkout_page ─▶ to_pay in the way that fits: Store::insert_attempt
//!                          └─▶ login ─▶ WeChat ─▶ Gateway::log_in ─▶ Login::openid       inside WeChat: who pays
//! WeChat ─POST notify─▶ http::notify (sender, size) ─▶ Gateway::take_notice ─▶ Accounts::of_notice       whose numbers: which key
//!                          │                                ├─▶ Channel::read_notice      that key → signature → meaning
//!                          │                                └─▶ Gateway::settle ─▶ Store::mark_paid (store::deals::settle)
//!                          └─▶ Gateway::acknowledge    ─▶ <xml>SUCCESS
//! front end    ─POST queryOrder─▶ http::query_order ─▶ Gateway::query_order ─▶ poll ─▶ inquire ─▶ settle when paid
//! payer's page ─GET pay─▶ http::pay_page ─▶ Gateway::pay_page ─▶ HTML with the QR code, which listens:
//! payer's page ─GET events─▶ http::events ─▶ Gateway::events │ checkout_events ─▶ the present state, then each change
//! front end    ─POST queryCheckout─▶ http::query_checkout ─▶ Gateway::query_checkout ─▶ how its deals stand together
//! back end     ─POST refund─▶ http::refund ─▶ Gateway::refund ─▶ Store::reserve_refund     the amount and the row, before money can move
//!                                                           ├─▶ send_refund ─▶ Channel::refund
//!                                                           └─▶ settle_refund │ plan_refund: sent again │ refuse: released
//! back end     ─GET changes─▶ http::changes ─▶ Gateway::changes │ changes_within      the outbox behind a cursor; the watcher looks for all that wait
//! back end     ─GET deals, takings─▶ http::deals ─▶ Gateway::list_deals, takings ─▶ store::Books: short questions in the lane of reports
//! back end     ─GET bills─▶ http::bills ─▶ Gateway::bills, differences, bill_file      how the books stand to WeChat's bills
//! an operator ─▶ console::entry::guard ─▶ Gateway::session      who looks, and what this instance's configuration lets the user do
//!             └─▶ a page's handler ─▶ Gateway::… ─▶ Store: the change with its row of the trail (store::audit), or neither
//!                                     └─▶ close_for, ask_for ─▶ Store::record_audit       the row, before WeChat is called
//! sweeper, every second ─▶ Gateway::sweep_once ─▶ deals that are due: inquire → settle │ expire → Expired
//!                                              └─▶ refunds that are due: send_refund │ inquire_refund → settle_refund
//! bookkeeper, every morning ─▶ Gateway::reconcile_due ─▶ Account::download ─▶ Store::add_bill_part     the bill, kept as it was received
//!                          ├─▶ FirstLook                                                   whether it is that bill; which payments it has
//!                          ├─▶ Comparison ─▶ Store::booked_deals, paid_on │ booked_refunds, accepted_on     what differs, either way round
//!                          ├─▶ ask: inquire → settle │ inquire_refund → settle_refund     of what payers leave of the budget
//!                          └─▶ Store::finish_bill                                        what is left, and that it is to be told
//! teller ─▶ Gateway::publish_once ─▶ what the journal says there is to tell: events of the outbox, and their deliveries; alarms, and their rows
//!        └▶ Gateway::deliver      ─▶ webhook::Endpoint ─POST─▶ back end             signed; again until it has it, or is given up
//! certificate watcher (app::certificates) ─▶ Gateway::show_certificate ─▶ release_held_refunds: those that waited for another one
//! watcher, every minute ─▶ Gateway::resolve_alarms ─▶ open alarms whose refund arrived, whose event is delivered, …: over, and by what
//! ```
//! Down once and up once, and an endpoint's file has the name of its use case (`notify` is the one of `take_notice`):
//! ```text
//! cli → app → { http, console, sweeper, bookkeeper, teller, watcher, simulator } → gateway → { store, channel, webhook } → deal     http → auth: which callers may open a deal
//!          store → channel::proof                                   what was proved is stored; of a channel it knows no more
//!          channel → channel::wechat::v2                            no type of it is named by gateway, store or http
//!          simulator → channel::wechat::v2 (its codec and types) + deal     never gateway, store or http
//!          { http, console, simulator } → page                      what their pages for people share
//!          console → { auth (passwords by config), listener }       nothing of http: what both need stands below them
//!        doctor → { store, channel }                                never a change: its own connections, which cannot
//!          { http, gateway, store, channel } → metrics               each counts in a metrics.rs of its own
//!          { channel, webhook } → { resolver, trust }                what their clients share
//! ```
//!
//! Inside the gateway a use case (`to_pay`, `checkout`, `take_notice`, `query_order`, `query_checkout`, `close_order`, `close_checkout`,
//! `pay_page`, `checkout_page`, `login`, `events`, `checkout_events`, `refund`, `query_refund`, `renew_certificate`, `sweep`, `reconcile`) calls verbs, and no verb a use case: `inquire` asks WeChat about a deal and stores what follows, `settle` is the door to Paid,
//! `inquire_refund` and `settle_refund` are the same for Refunded, `send_refund` asks for one, `take_wake` reads no more out of a refund's
//! notification than what to ask about, `give_back` is for payments that no merchant waits for; `expire` gives a deal up, `link` gets its link,
//! `poll` asks for waiting payers, `view` says what the store alone can say. `attempts` is about the deals of one checkout side by side. One
//! use case calls another in one place: `checkout_page` opens a way by `to_pay`, as a front end would.
//! `accounts` holds the channel of each account and gives it for a deal's `Route` alone; `missing` tells of the accounts that
//! deals need and the configuration lacks. `live` is what one instance knows of the payers who wait (request coalescing, fair
//! queue, cache, subscriptions; it says what to ask and never asks), `follow` the driver for whatever has a due time and a lease.
//!
//! # Where a new thing goes
//! *A call of WeChat's*: its row in `channel::wechat::v2::calls`, its request in `merchant`, its answer in `reply`, its
//! refusals in `refusal`, its method in `client` and in [`channel::Channel`], its outcome in `channel::outcome`; the other side in
//! `simulator::{rules, answers}`; its facts in PROTOCOL.md.
//!
//! *A call of ours*: its file and its route in `http`; its entry in `http::openapi::paths`, with an example of what is asked and answered,
//! which `/docs` shows as a command; its sentences in Chinese in `http/openapi/chinese`; its turn in tests/it/repository/examples.rs,
//! where the example is made.
//!
//! *A scope*: its word in `auth::scope`; the call that wants it asks `http::caller` (`App::back_end`), and says so in `openapi::paths`
//! and config/README.md. What its holder may see and touch is bounded by the key's reach, in the gateway (`load_within`) or in
//! the store's own question.
//!
//! *A page of the console*: a room of its own in `console` with a handler of a few lines, its markup beside it, and one line in `console::router`; who
//! looks comes as `Visitor`, what was posted as `PostedForm`. What only it asks is a use case in `gateway::console`, short questions in the lane of
//! reports. An action: its word in `deal::audit`, its row in the transaction of the change (`store::audit::Audited`), or where WeChat is called before
//! the call (`store::audit::record`), its line in the tables of tests/it/console/roles.rs.
//!
//! *Another way to pay*: its word in `deal::trade_type`, what WeChat gives for it in `deal::ticket`; its fields of the request in
//! `channel::order::Way` and `wechat::v2::merchant`, what a client is called with in `wechat::v2::invoke`; whether a checkout can offer it in
//! `config::account::login`, for which device in `http::pay_page::checkout`; its side of the world in `simulator::rules`.
//!
//! *Something that back ends are told*: its word in `deal::announcement` (an alarm's in `deal::alarm_kind`, with its sentence in
//! `told::alarm`), said by the verb that makes the change in the entry of the journal that goes with it; its form in `told`, its data in
//! `gateway::publish`; its story in tests/it/telling, both engines.
//!
//! *Another way for money to move*: as refunds have theirs. What proves it in `channel::proof`, read by `reply`; what only wakes as a
//! `News` of `notification`, which leads to a query; a migration and a room beside `store::deals` with the SQL and the guard of each
//! change, its events in `store::journal`; a use case and its one door (as `settle_refund`) in `gateway`, a `Followed` for what is
//! undecided, counted in `gateway::metrics`; one file in `http` with its row in `openapi`; its sentences in `explain`. Before all of
//! these the simulator's world, and the invariant with its planted fault in `tests/simulation`.
//!
//! *Another way for a bill and the books to differ*: its kind, or what is found of it, in `deal::difference`; found in `gateway::reconcile`; its
//! sentence in `told::difference_words`, what an operator does in config/bills; the trap in `simulator::bills`, by which a story and the simulation
//! plant it. A column or a form of the file is read in `channel::wechat::v2::bill` alone, and told of in PROTOCOL.md, 16.
//!
//! # What must always hold
//! 1. A row is stored durably before WeChat is asked for a link: no payable link is without a deal.
//! 2. Paid is written with verified evidence only: the signature by the key of the deal's account, by the configured algorithm or
//!    the order's own, that account's appid, mch_id and sub_mch_id, the same fen, CNY. [`gateway::Gateway::settle`] is the only
//!    door, and it takes a [`channel::ProvenPayment`], which only a channel's reply gate and notification reader can make: its
//!    constructors are private to the room.
//! 3. WeChat is answered SUCCESS, and a front end is told of a payment, only after the commit. A repeat changes nothing and is
//!    answered SUCCESS.
//! 4. Paid is final. A second transaction for a paid deal changes nothing and is raised as an alarm.
//! 5. Expired is written only after WeChat has said that the order cannot be paid any more; and the service closes an order by
//!    itself only when its own clock and the database's say that its time is over.
//! 6. Every undecided deal is followed until it is decided, without a caller asking; when it is next looked at stands in its
//!    row, by the database's clock, so it holds across restarts and instances, and half of the calls go to the deals that have
//!    waited longest, so it holds under any load. So whatever is lost (a notification, a reply, a process, the database for a
//!    while), what was paid at WeChat becomes Paid here.
//! 7. No lock and no transaction is held across a call to WeChat. Each change is one conditional statement whose
//!    affected rows are looked at; so all of this holds with several instances on one database.
//! 8. No caller who hangs up stops a change that has begun: the HTTP layer detaches its work, and the store's statements
//!    run in tasks of its own.
//! 9. An order id has one row of record, whose price never changes, and WeChat is asked for its link with one set of
//!    parameters only: a repeat is the stored request.
//! 10. A change of status is committed together with its event in the journal, or neither is.
//! 11. No call about a deal or a refund ever uses another account's key or number: a call takes a [`deal::Route`], which only a deal gives. A
//!     deal whose account the configuration lacks is left alone and told of, and no other account's payments settle it.
//! 12. What was given back and what is being given back never exceeds what was paid, whichever callers ask at once: one statement
//!     reserves the amount, by what was read and by what was paid, in the transaction that stores the refund. A refund's number is
//!     drawn once, and each of its requests is the stored one.
//! 13. A refund is decided on WeChat's signed word only, through one door ([`gateway::Gateway::settle_refund`], which takes a
//!     [`channel::ProvenRefund`]): an encrypted notification proves nothing, and a refusal releases the amount only when WeChat, asked
//!     by the number, does not know it. `status` is never touched by a refund.
//! 14. No change that is to be told of is without its event, and no event without its change: what it announces is stored with its entry
//!     of the journal, in its transaction, and published once that is committed. What was published has a position, and no lower one is
//!     committed later: a reader that goes on behind the last one it has read misses nothing.
//! 15. At most one deal of a checkout is ever Paid, and the checkout names it, from the moment that either is committed: both are
//!     written in one transaction, which takes its turn at the checkout's row. There is one deal of a checkout for each way to pay it.
//! 16. Once a checkout is paid or given up no payer begins to pay it: no deal of it is stored any more, and no page shows how to pay.
//! 17. The other deals of a paid checkout are closed at WeChat as soon as that closes orders, and nothing is told of their expiry. What
//!     was paid by one of them all the same goes back once, all of it, whatever the operator has chosen, or an alarm is raised.
//! 18. Who a payer inside WeChat is, is known by WeChat's answer to this service alone, for a code that the payer's own browser brought
//!     back; it only says in whose name an order is asked for, and proves nothing about money. An openid is told to nobody but WeChat and
//!     that browser; it also stands in the bills, which are kept as WeChat sent them, for keys that may read all of an account.
//! 19. Nothing is settled by a bill's word alone, for it is not signed: it names what to ask about, and what WeChat then signs goes through the
//!     doors to Paid and Refunded (2, 13) or nowhere. No bill, however it lies, moves money or changes a deal or a refund.
//! 20. A difference is never dropped silently. What stands on one side only, differs or cannot be read is counted, and is a row, as far as a bill
//!     has room for rows, until the books agree or WeChat's signed word, a rule or a person explains it; what a person said stays. A bill that is
//!     not to be had is missing; that there were no trades is believed only where the books have no payment either, and nothing is open.
//! 21. Of each alarm that the journal announces there is exactly one row, whether or not anybody else is told of it: written by the transaction
//!     that publishes the entry, open until one person has answered it or what it was about is over, and never deleted.
//!
//! # Words
//! *Deal*: one attempt to buy one product. *Order id*: our number for it, `out_trade_no` on the wire. *Transaction id*:
//! WeChat's number of the payment. *Fen*: money. *Status*: our verdict (Unpaid 0, Paid 1, Expired 2), against *trade
//! state*: WeChat's. *Prepay*: what `unifiedorder` gives. *Evidence*: the verified XML in the `…Back` columns
//! and the journal. *Channel*: a payment provider, by the version of its API. *Journal*: what happened to a deal and why. *Look*:
//! a question of the sweeper's about an undecided deal. *Watched*: an order with listeners to its events.
//! *Trade type*, or *way*: how the payer pays (NATIVE, JSAPI, MWEB, APP); an order has one, for ever. *Ticket*: what WeChat gives for that:
//! a link or a `prepay_id`. *Pay params*: the signed texts that a client calls WeChat with. *Checkout*: one purchase that may be paid in several ways;
//! *attempt*: a deal that is one of them. *Login*: how a page inside WeChat learns the payer's openid (OAuth2).
//! *Account*: one WeChat merchant number of ours with its appid and keys; `[wechat]` is the account `default`. *Seller*: the front
//! end's `merchant_id`, by which a new deal gets its account. *Route*: order id and account, taken from a deal. *Details*: what the
//! merchant says of a deal (description, reference, return_url, cancel_url).
//! *Refund*: an amount of a payment that goes back; *refund id*: our number for it, `out_refund_no` on the wire, where WeChat's own number
//! is called `refund_id` (here `wechat_refund_id`). *Reserve*: to hold an amount for a refund; *release*: to let it be given back again.
//! *Book*: to store a refund that others made. *By others*: in the merchant platform (商户平台), or by another program.
//! *Key*: what a back end of a merchant's shows to be let in; WeChat's secrets are *API keys*, each of an account. *Scope*: one thing
//! that a key is good for. *Reach*: which deals it may see and touch, by their sellers and accounts.
//! *Announce*: to say, in a change's entry of the journal, what of it is to be told. *Audience*: which types of events there is somebody
//! to tell of; nothing else is announced, but for alarms. *Event*: what back ends are told of a change, with a number (`evt_…`) that is the same for all.
//! *Publish*: to move what is announced and committed into the *outbox*, whose order is every reader's. *Feed*: the outbox as back ends
//! read it. *Endpoint*: a URL of a merchant's to which events are posted (a webhook); *delivery*: one event on its way to one endpoint.
//! *Bill* (对账单): what WeChat says was paid and given back through one account on one day in Beijing; *fund flow* (资金账单): each movement of its
//! money. *Reconcile*: to hold a bill against the books, and to ask about what differs. *Difference*: one thing that differs; *finding*: why it
//! stands as it does. *Bookkeeper*: the task that reconciles every morning.
//! *Alarm*: what a person must look at; one is *answered* by a person with a note, or *resolved* by itself when what it was about is over.
//! *Visitor*: who looks at a page of the console; *trail*: the table `audit`, who did what; *session*: a login to the console.
//! *Board*: what is counted of today for the console, by hours.
//! *Offer*: what a merchant's back end has signed for a browser to carry; it opens one deal.
//!
//! # Where the facts come from
//! What is known of WeChat's protocol stands in `src/channel/wechat/v2/PROTOCOL.md`, with its sources: WeChat's documents, and messages
//! that users of other libraries have captured. Comments cite its sections and its twelve facts.

pub mod app;
pub mod auth;
pub mod bookkeeper;
pub mod chance;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod deal;
pub mod doctor;
pub mod dry_run;
pub mod explain;
pub mod gateway;
pub mod handshake;
pub mod http;
pub mod language;
pub mod listener;
pub mod metrics;
pub mod page;
pub mod pruner;
pub mod resolver;
pub mod simulator;
pub mod store;
pub mod sweeper;
pub mod telemetry;
pub mod teller;
pub mod told;
pub mod trace;
pub mod trust;
pub mod watcher;
pub mod webhook;
