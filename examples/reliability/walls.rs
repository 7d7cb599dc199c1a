//! A control group with a ceiling of memory, where this machine lets one be made (root, or a delegated folder).

use std::fs;
use std::path::{Path, PathBuf};

/// A group of its own under the hierarchy of this machine; taken away when dropped, if it is empty.
pub(crate) struct Walls {
    folder: PathBuf,
    /// Version 1 keeps its figures in files of other names.
    first: bool,
}

impl Walls {
    /// `None` where no group can be made: then nothing but the measurement stands.
    pub(crate) fn of_memory(bytes: u64) -> Option<Self> {
        let name = format!("limpid-reliability-{}", std::process::id());
        let hierarchies = [("/sys/fs/cgroup/memory", true), ("/sys/fs/cgroup", false)];
        hierarchies.into_iter().find_map(|(root, first)| {
            let folder = Path::new(root).join(&name);
            fs::create_dir(&folder).ok()?;
            let walls = Self { folder, first };
            let ceiling = if first {
                "memory.limit_in_bytes"
            } else {
                "memory.max"
            };
            // A plain file of this name would be no ceiling.
            let is_ceiling = walls.read(ceiling).is_some();
            let set = is_ceiling && fs::write(walls.folder.join(ceiling), bytes.to_string()).is_ok();
            // Nor may it swap, where swapping can be forbidden.
            let (swap, most) = if first {
                ("memory.swappiness", 0)
            } else {
                ("memory.swap.max", 0)
            };
            let _where_possible = fs::write(walls.folder.join(swap), most.to_string());
            set.then_some(walls)
        })
    }

    /// A process whose number is written here is within.
    pub(crate) fn door(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }

    /// The most that was in use at once, with what the kernel keeps of files, in KiB.
    pub(crate) fn most_kib(&self) -> Option<u64> {
        let file = if self.first {
            "memory.max_usage_in_bytes"
        } else {
            "memory.peak"
        };
        Some(self.read(file)?.trim().parse::<u64>().ok()? / 1024)
    }

    /// How many processes the kernel ended for want of memory.
    pub(crate) fn ended(&self) -> Option<u64> {
        let text = self.read(if self.first {
            "memory.oom_control"
        } else {
            "memory.events"
        })?;
        let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
        line.trim().parse().ok()
    }

    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(file)).ok()
    }
}

impl Drop for Walls {
    fn drop(&mut self) {
        let _gone = fs::remove_dir(&self.folder);
    }
}
