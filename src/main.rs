//! The `fathom` program: one runtime, one actor system, and the command line on top of them.

use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider().install_default().expect("nothing has chosen a TLS provider before main");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("fathom").build();
    let runtime = match runtime {
        Ok(runtime) => Arc::new(runtime),
        Err(error) => {
            eprintln!("fathom: no threads can be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Actors live on this thread; everything that is spawned goes to the runtime's own threads.
    let exit = actix_rt::System::with_tokio_rt(move || runtime).block_on(fathom::cli::main(std::env::args_os().collect()));
    ExitCode::from(exit.code())
}
