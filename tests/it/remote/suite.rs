//! The official conformance suite, its scenarios for clients of both revisions. Left out are, of the extensions, those that are not spoken: DPoP,
//! tokens of a workload, and those of an enterprise's own issuer.

use std::process::Command;

use super::kit;

fn scenarios(revision: &str) -> Vec<&'static str> {
    let both = ["tools_call"];
    let of_revision: &[&str] = match revision {
        "2025-11-25" => &["initialize", "sse-retry", "elicitation-sep1034-client-defaults"],
        _ => &[
            "request-metadata",
            "sep-2322-client-request-state",
            "http-standard-headers",
            "http-custom-headers",
            "http-invalid-tool-headers",
            "json-schema-ref-no-deref",
            "json-schema-2020-12-preservation",
        ],
    };
    both.into_iter().chain(of_revision.iter().copied()).collect()
}

/// Those of signing in. The last ones are of an extension.
fn of_signing_in(revision: &str) -> Vec<&'static str> {
    let both = [
        "auth/metadata-default",
        "auth/metadata-var1",
        "auth/metadata-var2",
        "auth/metadata-var3",
        "auth/basic-cimd",
        "auth/scope-from-www-authenticate",
        "auth/scope-from-scopes-supported",
        "auth/scope-omitted-when-undefined",
        "auth/scope-step-up",
        "auth/scope-retry-limit",
        "auth/token-endpoint-auth-basic",
        "auth/token-endpoint-auth-post",
        "auth/token-endpoint-auth-none",
        "auth/pre-registration",
        "auth/client-credentials-basic",
        "auth/client-credentials-jwt",
    ];
    let of_revision: &[&str] = match revision {
        "2025-11-25" => &[],
        _ => &[
            "auth/resource-mismatch",
            "auth/offline-access-scope",
            "auth/offline-access-not-supported",
            "auth/authorization-server-migration",
            "auth/iss-supported",
            "auth/iss-not-advertised",
            "auth/iss-supported-missing",
            "auth/iss-wrong-issuer",
            "auth/iss-unexpected",
            "auth/iss-normalized",
            "auth/metadata-issuer-mismatch",
        ],
    };
    both.into_iter().chain(of_revision.iter().copied()).collect()
}

fn pass(scenarios: fn(&str) -> Vec<&'static str>) {
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

#[test]
fn the_suite_is_passed_in_both_revisions_where_tools_are_called() {
    pass(scenarios);
}

#[test]
fn the_suite_is_passed_in_both_revisions_where_one_signs_in() {
    pass(of_signing_in);
}
