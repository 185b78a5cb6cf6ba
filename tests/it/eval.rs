//! `fathom eval` from outside: databases with their truth in, figures out.

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::fathom;
use crate::messy_write::write_folder;

#[tokio::test(flavor = "multi_thread")]
async fn databases_are_looked_at_blind_and_scored() {
    let folder = TempDir::new().unwrap();
    write_folder(&folder.path().join("messy"), 3..5).await.unwrap();
    let (exit, out, errors) = fathom(folder.path(), &["eval", "messy", "--json"]);
    assert_eq!(exit, 0, "{out}{errors}");
    let board: Value = serde_json::from_str(&out).unwrap();
    let of = |at: usize, path: &str| board["databases"][at].pointer(path).cloned().unwrap_or_default();
    assert_eq!([of(0, "/database"), of(1, "/database")], ["messy_0003", "messy_0004"]);
    for at in 0..2 {
        let truth = folder.path().join(format!("messy/truth/{}.json", of(at, "/database").as_str().unwrap()));
        let truth: Value = serde_json::from_slice(&std::fs::read(truth).unwrap()).unwrap();
        let counted = |part: &str| of(at, &format!("/score/foreign_keys/strict/{part}")).as_u64().unwrap();
        assert_eq!(counted("hits") + counted("misses"), truth["foreign_keys"].as_array().unwrap().len() as u64);
        // No bar to jump over: only that something was looked at, and found.
        assert!(counted("hits") > 0 && of(at, "/score/primary_keys/strict/hits").as_u64() > Some(0), "{board:#}");
        assert!(of(at, "/seconds").as_f64() > Some(0.0) && of(at, "/peak_bytes").as_u64() > Some(1 << 20), "{board:#}");
    }

    let (exit, out, errors) = fathom(folder.path(), &["eval", "messy", "--markdown", "--found", "nowhere"]);
    assert!(exit == 0 && out.lines().count() == 5 && out.starts_with("| database |"), "{out}{errors}");
    let (exit, _, errors) = fathom(folder.path(), &["eval", "nothing-here"]);
    assert!(exit == 2 && errors.contains("NAME.sqlite"), "{exit} {errors}");
}
