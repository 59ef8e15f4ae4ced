//! What was hoped for, against what came of it.

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
