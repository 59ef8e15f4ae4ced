//! The table, and what is made of it.

use crate::CALLERS;
use crate::house::{Call, Figures};
use crate::support::database::Database;
use crate::support::median;
use crate::support::sysbench;

/// Everything that was measured.
#[derive(Default)]
pub struct Report {
    pub bare: Vec<sysbench::Figures>,
    rounds: Vec<(usize, Figures)>,
}

impl Report {
    pub fn add(&mut self, callers: usize, round: Vec<Figures>) {
        self.rounds.extend(round.into_iter().map(|figures| (callers, figures)));
    }

    fn median(&self, callers: usize, call: Call, figure: impl Fn(&Figures) -> f64) -> f64 {
        median(self.rounds.iter().filter(|(c, f)| (*c, f.call) == (callers, call)).map(|(_, f)| figure(f)).collect())
    }

    fn rate(&self, callers: usize, call: Call) -> f64 {
        self.median(callers, call, |figures| figures.per_second)
    }

    fn bare(&self, figure: impl Fn(&sysbench::Figures) -> f64) -> f64 {
        median(self.bare.iter().map(figure).collect())
    }

    pub async fn print(&self, database: &Database) {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).map_or("", |name| name.trim_start_matches(['\t', ':', ' ']));
        let cores = std::thread::available_parallelism().unwrap();
        println!("\n{cores} cores of {cpu}; MariaDB {}; everything on this machine; medians of the rounds\n", database.version().await);
        println!("| call | connections | a second | p50 ms | p99 ms | statements | commits | syncs | sent away |");
        println!("|---|---|---|---|---|---|---|---|---|");
        for callers in [CALLERS, 1] {
            for call in Call::ALL {
                let median = |figure: fn(&Figures) -> f64| self.median(callers, call, figure);
                println!(
                    "| {} | {callers} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} |",
                    call.name(),
                    median(|f| f.per_second),
                    median(|f| f.p50),
                    median(|f| f.p99),
                    median(|f| f.statements),
                    median(|f| f.commits),
                    median(|f| f.syncs),
                    median(|f| f.sent_away),
                );
            }
        }
        println!(
            "| bare engine: sysbench, one row updated | {CALLERS} | {:.0} | {:.2} (mean) | {:.2} | 1 | 1 | | |\n",
            self.bare(|f| f.per_second),
            self.bare(|f| f.average),
            self.bare(|f| f.p99)
        );
    }

    pub fn judge(&self, verdicts: &mut Verdicts) {
        let bare = self.bare(|figures| figures.per_second);
        verdicts.at_least("notification / bare engine", self.rate(CALLERS, Call::Notification) / bare, 1.0);
        verdicts.at_least("toPay / bare engine", self.rate(CALLERS, Call::ToPay) / bare, 0.5);
        verdicts.at_least(
            "queryOrder of a paid deal / healthz",
            self.rate(CALLERS, Call::QueryOrder) / self.rate(CALLERS, Call::Healthz),
            0.6,
        );
    }
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

/// What was hoped for, against what came of it.
#[derive(Default)]
pub struct Verdicts {
    missed: usize,
}

impl Verdicts {
    pub fn at_least(&mut self, what: &str, figure: f64, target: f64) {
        self.say(figure >= target, what, figure, "at least", target);
    }

    pub fn at_most(&mut self, what: &str, figure: f64, target: f64) {
        self.say(figure <= target, what, figure, "at most", target);
    }

    fn say(&mut self, good: bool, what: &str, figure: f64, bound: &str, target: f64) {
        self.missed += usize::from(!good);
        println!("{} {what}: {figure:.2} ({bound} {target})", if good { "PASS " } else { "SHORT" });
    }

    pub fn all_are_good(&self) -> bool {
        self.missed == 0
    }
}
