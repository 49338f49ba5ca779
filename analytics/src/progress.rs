//! What moves on a terminal while work goes on. Nothing moves anywhere else.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Draws on stderr if that is a terminal.
pub struct Progress {
    is_drawn: bool,
}

impl Progress {
    /// Draws unless told to be quiet.
    pub fn new(is_quiet: bool) -> Self {
        use std::io::IsTerminal;
        Self { is_drawn: !is_quiet && std::io::stderr().is_terminal() }
    }

    /// Counts objects as they are listed.
    pub fn listing(&self) -> Bar {
        self.bar(None, "listing {spinner} {human_pos} objects")
    }

    /// Counts log files and bytes read, with their rates and the time left.
    pub fn reading(&self, files: u64, bytes: u64) -> Bar {
        let bar = self.bar(Some(bytes), "reading {wide_bar} {bytes}/{total_bytes} {msg} {bytes_per_sec} left {eta}");
        Bar { files, ..bar }
    }

    /// Shows that a statement runs, and for how long already.
    pub fn running(&self) -> Bar {
        self.bar(None, "running {spinner} {elapsed}")
    }

    fn bar(&self, length: Option<u64>, template: &str) -> Bar {
        let target = if self.is_drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(length, target);
        bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant"));
        if self.is_drawn {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Bar { bar, files: 0, done: std::sync::atomic::AtomicU64::new(0) }
    }
}

/// One thing that moves.
pub struct Bar {
    bar: ProgressBar,
    files: u64,
    done: std::sync::atomic::AtomicU64,
}

impl Bar {
    /// Sets the count.
    pub fn set(&self, count: u64) {
        self.bar.set_position(count);
    }

    /// Counts a file of so many bytes.
    pub fn file_done(&self, bytes: u64) {
        let done = self.done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        self.bar.inc(bytes);
        if done.is_multiple_of(64) || done == self.files {
            let rate = done as f64 / self.bar.elapsed().as_secs_f64().max(0.001);
            self.bar.set_message(format!("{done}/{} files, {rate:.0} a second", self.files));
        }
    }

    /// Clears the line.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
