//! The engine: runs, their actors, their journals and streams. It knows tools, models and journals, not what stands behind them.

pub mod agent_runs;
pub mod clock;
pub mod conductor;
pub mod error;
pub mod feed;
pub mod launch;
pub mod post;
pub mod reporting;
pub mod run;
pub mod runs;
pub mod settings;
pub mod shared;
pub mod staff;
pub mod view;

pub use error::Error;
pub use feed::FrameStream;
pub use runs::{Command, CommandOutcome, Runs, StartedRun};
pub use settings::Settings;
pub use view::{QuestionView, RunView, TaskState, TaskView};
