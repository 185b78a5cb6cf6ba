//! Named points at which a test ends the process as hard as `kill -9` does. Without the feature `crash-points` all of it is empty.

/// Where a process may be made to die. Every point is exercised by a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    RunCreated,
    CommandStored,
    BeforeCommit,
    AfterCommit,
    BeforePublish,
    ModelAnswered,
    ToolAnswered,
    TaskConcluded,
    BeforeLastEvent,
    AfterLastEvent,
}

impl CrashPoint {
    pub const ALL: [Self; 10] = [
        Self::RunCreated,
        Self::CommandStored,
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BeforePublish,
        Self::ModelAnswered,
        Self::ToolAnswered,
        Self::TaskConcluded,
        Self::BeforeLastEvent,
        Self::AfterLastEvent,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::RunCreated => "run_created",
            Self::CommandStored => "command_stored",
            Self::BeforeCommit => "before_commit",
            Self::AfterCommit => "after_commit",
            Self::BeforePublish => "before_publish",
            Self::ModelAnswered => "model_answered",
            Self::ToolAnswered => "tool_answered",
            Self::TaskConcluded => "task_concluded",
            Self::BeforeLastEvent => "before_last_event",
            Self::AfterLastEvent => "after_last_event",
        }
    }

    /// The process has come to this point.
    #[inline(always)]
    pub fn passed(self) {
        #[cfg(feature = "crash-points")]
        armed::passed(self);
    }
}

#[cfg(feature = "crash-points")]
pub use armed::arm;

#[cfg(feature = "crash-points")]
mod armed {
    use super::CrashPoint;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ARMED: OnceLock<(CrashPoint, AtomicU64)> = OnceLock::new();

    /// Dies at the `nth` passage of the point. `setting` is `name:nth`; returns whether it was understood.
    pub fn arm(setting: &str) -> bool {
        let (name, nth) = setting.split_once(':').unwrap_or((setting, "1"));
        let point = CrashPoint::ALL.into_iter().find(|point| point.name() == name);
        match (point, nth.parse()) {
            (Some(point), Ok(nth)) => ARMED.set((point, AtomicU64::new(nth))).is_ok(),
            _ => false,
        }
    }

    pub fn passed(point: CrashPoint) {
        if let Some((armed, left)) = ARMED.get()
            && *armed == point
            && left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            std::process::abort();
        }
    }
}
