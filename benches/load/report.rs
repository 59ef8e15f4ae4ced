//! The table, and what is made of it.

use crate::CALLERS;
use crate::support::mariadb::MariaDb;
use crate::support::median;
use crate::support::sysbench;
use crate::support::verdicts::Verdicts;
use crate::under_load::{Call, Figures};

/// Everything that was measured.
#[derive(Default)]
pub struct Report {
    pub bare: Vec<sysbench::Figures>,
    pub batched: Rounds,
    /// The service with every change committed by itself.
    pub plain: Rounds,
}

/// The figures of all rounds of one service, each with the number of its callers.
#[derive(Default)]
pub struct Rounds(Vec<(usize, Figures)>);

impl Rounds {
    pub fn add(&mut self, callers: usize, round: Vec<Figures>) {
        self.0.extend(round.into_iter().map(|figures| (callers, figures)));
    }

    /// None if this was not measured.
    fn median(&self, callers: usize, call: Call, figure: fn(&Figures) -> f64) -> Option<f64> {
        let figures: Vec<_> = self.0.iter().filter(|(c, f)| (*c, f.call) == (callers, call)).map(|(_, f)| figure(f)).collect();
        (!figures.is_empty()).then(|| median(figures))
    }
}

impl Report {
    fn bare(&self, figure: fn(&sysbench::Figures) -> f64) -> f64 {
        median(self.bare.iter().map(figure).collect())
    }

    pub async fn print(&self, database: &MariaDb) {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).map_or("", |name| name.trim_start_matches(['\t', ':', ' ']));
        let cores = std::thread::available_parallelism().unwrap();
        println!("\n{cores} cores of {cpu}; {}; everything on this machine; medians of the rounds\n", database.version().await);
        println!(
            "| call | connections | a second | plain | bare engine | p50 ms | p99 ms | statements | commits | syncs | redo bytes | service µs | database µs | machine busy | sent away |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        for callers in [CALLERS, 1] {
            for call in Call::ALL {
                let figure = |figure| self.batched.median(callers, call, figure).unwrap();
                let plain = self.plain.median(callers, call, |f| f.per_second);
                let bare = (callers == CALLERS && plain.is_some()).then(|| self.bare(|f| f.per_second));
                let or_none = |rate: Option<f64>| rate.map_or_else(String::new, |rate| format!("{rate:.0}"));
                println!(
                    "| {} | {callers} | {:.0} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} | {:.0} % | {} |",
                    call.name(),
                    figure(|f| f.per_second),
                    or_none(plain),
                    or_none(bare),
                    figure(|f| f.p50),
                    figure(|f| f.p99),
                    figure(|f| f.statements),
                    figure(|f| f.commits),
                    figure(|f| f.syncs),
                    figure(|f| f.redo),
                    figure(|f| f.service),
                    figure(|f| f.database),
                    figure(|f| 100.0 * f.busy),
                    figure(|f| f.sent_away),
                );
            }
        }
        println!("\nThe bare engine's p99: {:.2} ms.\n", self.bare(|f| f.p99));
    }

    pub fn judge(&self, verdicts: &mut Verdicts) {
        let bare = self.bare(|figures| figures.per_second);
        let rate = |call| self.batched.median(CALLERS, call, |f| f.per_second).unwrap();
        verdicts.at_least("notification / bare engine", rate(Call::Notification) / bare, share(bare, 1.1, 0.6));
        verdicts.at_least("toPay / bare engine", rate(Call::ToPay) / bare, share(bare, 0.65, 0.4));
        for (call, service, database) in [(Call::Notification, 30.0, 60.0), (Call::ToPay, 60.0, 65.0)] {
            let spent = |figure| self.batched.median(CALLERS, call, figure).unwrap();
            verdicts.at_most(&format!("{}: the service's share, µs", call.name()), spent(|f| f.service), service);
            verdicts.at_most(&format!("{}: the database's share, µs", call.name()), spent(|f| f.database), database);
            verdicts.at_least(&format!("{}: the machine is busy", call.name()), spent(|f| f.busy), 0.9);
        }
        let redo = self.batched.median(CALLERS, Call::Notification, |f| f.redo).unwrap();
        verdicts.at_most("notification: redo, bytes", redo, 4096.0);
        verdicts.at_least("queryOrder of a paid deal / healthz", rate(Call::QueryOrder) / rate(Call::Healthz), 0.6);
        for call in [Call::ToPay, Call::Notification] {
            let alone = |rounds: &Rounds| rounds.median(1, call, |f| f.p50).unwrap();
            verdicts.at_most(&format!("{}: latency alone / plain", call.name()), alone(&self.batched) / alone(&self.plain), 1.05);
        }
    }
}

/// Where a commit takes long, callers who share one are quicker than the bare engine with one each; where it does not, that has less
/// to do.
fn share(bare: f64, slow: f64, quick: f64) -> f64 {
    const SLOW: f64 = 11_000.0;
    const QUICK: f64 = 20_000.0;
    slow + (quick - slow) * ((bare - SLOW) / (QUICK - SLOW)).clamp(0.0, 1.0)
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Self::Healthz => "healthz: the bare answer",
            Self::ToPay => "toPay",
            Self::Notification => "notification",
            Self::QueryOrder => "queryOrder of a paid deal",
        }
    }
}
