//! What of the machine's processors a piece of work took: of the service's, of the database's, and of all there is.

use super::process::Process;

/// The kernel's clock of processors, on every Linux that this runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// Counts from here on.
pub struct Stopwatch<'p> {
    processes: [&'p Process; 2],
    begun: [u64; 2],
    machine: Machine,
}

/// What was taken, in seconds of one processor.
pub struct Taken {
    pub service: f64,
    pub database: f64,
    /// The share of the whole machine that was at work, by whomever; 0 … 1.
    pub busy: f64,
}

struct Machine {
    all: u64,
    idle: u64,
}

impl<'p> Stopwatch<'p> {
    pub fn start(service: &'p Process, database: &'p Process) -> Self {
        let processes = [service, database];
        Self { processes, begun: processes.map(ticks), machine: machine() }
    }

    pub fn stop(self) -> Taken {
        let now = machine();
        let seconds = |number: usize| (ticks(self.processes[number]) - self.begun[number]) as f64 / TICKS_A_SECOND;
        let idle = (now.idle - self.machine.idle) as f64 / (now.all - self.machine.all) as f64;
        Taken { service: seconds(0), database: seconds(1), busy: 1.0 - idle }
    }
}

/// Of a process and all its threads, in user space and for it in the kernel.
fn ticks(process: &Process) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    // Behind the program's name, which may hold anything: utime and stime are the 14th and 15th field of proc(5).
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    [fields[11], fields[12]].iter().map(|field| field.parse::<u64>().unwrap()).sum()
}

fn machine() -> Machine {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let first = stat.lines().next().unwrap();
    let fields: Vec<u64> = first.split_whitespace().skip(1).map(|field| field.parse().unwrap()).collect();
    // What guests took is in the first fields already.
    Machine { all: fields[..8].iter().sum(), idle: fields[3] + fields[4] }
}
