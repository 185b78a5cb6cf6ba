//! The official conformance suite, its scenarios for clients of both revisions. Left out are those of OAuth, which is not spoken (a token stands
//! in the configuration), and those in which a tool asks back, which nobody is there to answer.

use std::process::Command;

use super::kit;

fn scenarios(revision: &str) -> Vec<&'static str> {
    let both = ["tools_call"];
    let of_revision: &[&str] = match revision {
        "2025-11-25" => &["initialize", "sse-retry"],
        _ => &[
            "request-metadata",
            "http-standard-headers",
            "http-custom-headers",
            "http-invalid-tool-headers",
            "json-schema-ref-no-deref",
            "json-schema-2020-12-preservation",
        ],
    };
    both.into_iter().chain(of_revision.iter().copied()).collect()
}

#[test]
fn the_suite_is_passed_in_both_revisions_where_no_authorization_and_no_question_is_asked() {
    let (suite, client) = (kit::suite(), kit::suite_client(env!("CARGO_BIN_EXE_fathom")));
    for revision in ["2026-07-28", "2025-11-25"] {
        for scenario in scenarios(revision) {
            let folder = tempfile::tempdir().unwrap();
            let mut command = Command::new(&suite[0]);
            command.arg(&suite[1]).args(["client", "--command", &client, "--scenario", scenario, "--spec-version", revision]);
            let output = command.args(["--timeout", "60000", "-o"]).arg(folder.path()).current_dir(folder.path()).output().unwrap();
            let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
            assert!(output.status.success(), "{scenario} of {revision}:\n{said}");
        }
    }
}
