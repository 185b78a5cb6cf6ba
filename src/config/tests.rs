//! Tests of the layers, of what is said when they are wrong, and that `config/default.toml` is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use figment::providers::{Format, Toml};
use serde_json::Value;

use super::effective::{is_secret, without_password};
use super::{DEFAULTS, Flags, Loaded, Problem, Settings, Surroundings, load_from};

struct Place {
    folder: tempfile::TempDir,
    around: Surroundings,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home").display().to_string();
        let around = Surroundings { variables: BTreeMap::from([("HOME".to_owned(), home)]), working_dir: folder.path().to_path_buf() };
        Self { folder, around }
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.around.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn load(&self, flags: Flags) -> Result<Loaded, Vec<Problem>> {
        load_from(flags, &self.around)
    }

    fn problems(&self) -> Vec<String> {
        self.load(Flags::default()).unwrap_err().iter().map(Problem::to_string).collect()
    }
}

fn origin(loaded: &Loaded, key: &str) -> (String, String) {
    let line = loaded.effective().iter().find(|line| line.key == key).unwrap_or_else(|| panic!("`{key}` is not listed"));
    (line.value.clone(), line.origin.clone())
}

#[test]
fn without_anything_the_defaults_are_in_force() {
    let place = Place::new();
    let loaded = place.load(Flags::default()).unwrap();
    assert_eq!(loaded.settings.engine, crate::engine::Settings::default());
    assert_eq!(loaded.settings.telemetry, crate::telemetry::Settings::default());
    assert_eq!(loaded.settings.data_dir, place.folder.path().join("home/.local/share/fathom"));
    assert_eq!(loaded.file, None);
    assert_eq!(origin(&loaded, "engine.feed_depth"), ("64".to_owned(), "default".to_owned()));
    assert_eq!(origin(&loaded, "data_dir").1, "per-user data folder");
    assert_eq!(origin(&loaded, "telemetry.otlp_endpoint"), ("(not set)".to_owned(), "default".to_owned()));
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let file = "[engine]\nfeed_depth = 10\njournal_page = 10\nkeep_alive_s = 10\n";
    let place =
        Place::new().file("fathom.toml", file).variable("FATHOM_ENGINE__JOURNAL_PAGE", "20").variable("FATHOM_ENGINE__KEEP_ALIVE_S", "20");
    let mut flags = Flags::default();
    flags.set("--keep-alive", "engine.keep_alive_s", 30);
    flags.set_if_given("--agents", "agents_dir", None::<&str>);
    let loaded = place.load(flags).unwrap();
    let engine = &loaded.settings.engine;
    assert_eq!((engine.feed_depth, engine.journal_page, engine.keep_alive_s, engine.max_iterations), (10, 20, 30, 8));
    assert!(origin(&loaded, "engine.feed_depth").1.ends_with("fathom.toml"));
    assert_eq!(origin(&loaded, "engine.journal_page").1, "variable `FATHOM_ENGINE__JOURNAL_PAGE`");
    assert_eq!(origin(&loaded, "engine.keep_alive_s").1, "flag `--keep-alive`");
}

#[test]
fn a_named_file_is_the_only_one_that_is_read() {
    let place = Place::new().file("fathom.toml", "[engine]\nfeed_depth = 1\n").file("other.toml", "[engine]\njournal_page = 2\n");
    let flags = Flags::reading(Some("other.toml".into()));
    let engine = place.load(flags).unwrap().settings.engine;
    assert_eq!((engine.feed_depth, engine.journal_page), (64, 2));
    let flags = Flags::reading(Some("missing.toml".into()));
    let problems = place.load(flags).unwrap_err();
    assert!(problems[0].to_string().contains("missing.toml: cannot be read"), "{problems:?}");
}

#[test]
fn the_users_folder_is_read_when_nothing_is_here() {
    let place = Place::new().file("home/.config/fathom/fathom.toml", "[engine]\nfeed_depth = 5\n");
    assert_eq!(place.load(Flags::default()).unwrap().settings.engine.feed_depth, 5);
    let place = place.file("fathom.toml", "");
    assert_eq!(place.load(Flags::default()).unwrap().settings.engine.feed_depth, 64);
}

#[test]
fn folders_of_the_user_follow_xdg() {
    let place = Place::new().variable("XDG_DATA_HOME", "/data").variable("XDG_CONFIG_HOME", "relative");
    assert_eq!(place.load(Flags::default()).unwrap().settings.data_dir, Path::new("/data/fathom"));
    assert!(place.around.config_folder().unwrap().ends_with("home/.config/fathom"));
    let nowhere = Surroundings { working_dir: place.folder.path().to_path_buf(), ..Surroundings::default() };
    let problems = load_from(Flags::default(), &nowhere).unwrap_err();
    assert!(problems[0].reason.contains("--data"), "{problems:?}");
}

#[test]
fn all_problems_come_at_once_each_with_its_place() {
    let file = "nonsense = 1\n[engine]\nmax_live_rns = 5\nfeed_depth = \"many\"\n[telemetry]\nformat = \"jsn\"\nlog = 5\n";
    let place = Place::new().file("fathom.toml", file).variable("FATHOM_ENGINE__TASKS_PER_ITER", "7").variable("FATHOM_DATA_DRI", "/x");
    let problems = place.problems();
    let expect = |words: &[&str]| {
        let found = problems.iter().filter(|problem| words.iter().all(|word| problem.contains(word))).count();
        assert_eq!(found, 1, "{words:?} in {problems:#?}");
    };
    expect(&["fathom.toml", "`nonsense`", "valid are: `data_dir`"]);
    expect(&["fathom.toml", "`engine.max_live_rns`", "did you mean `max_live_runs`?"]);
    expect(&["fathom.toml", "`engine.feed_depth`", "found string \"many\""]);
    expect(&["fathom.toml", "`telemetry.format`", "did you mean `json`?"]);
    expect(&["fathom.toml", "`telemetry.log`", "expected a string"]);
    expect(&["variable `FATHOM_ENGINE__TASKS_PER_ITER`", "valid are 1 to 6"]);
    expect(&["variable `FATHOM_DATA_DRI`", "did you mean `data_dir`?"]);
    assert_eq!(problems.len(), 7, "{problems:#?}");
}

#[test]
fn a_file_that_is_no_toml_and_a_section_that_is_no_table_are_said() {
    let problems = Place::new().file("fathom.toml", "[engine\n").problems();
    assert!(problems[0].contains("is not TOML") && problems[0].contains("fathom.toml"), "{problems:?}");
    let problems = Place::new().file("fathom.toml", "engine = 5\n").problems();
    assert!(problems[0].contains("expected a table of settings"), "{problems:?}");
}

#[test]
fn a_variable_that_looks_like_a_number_can_be_a_text() {
    let place = Place::new().variable("FATHOM_TELEMETRY__SERVICE_NAME", "0123").variable("FATHOM_TELEMETRY__LOG", "");
    let telemetry = place.load(Flags::default()).unwrap().settings.telemetry;
    assert_eq!((telemetry.service_name.as_str(), telemetry.log.as_str()), ("0123", "info"));
}

#[test]
fn common_variables_stand_for_settings_and_unknown_sections_are_left_alone() {
    let place = Place::new().variable("DATABASE_URL", "postgres://me:hush@db/shop");
    let loaded = place.load(Flags::default()).unwrap();
    assert_eq!(loaded.settings.default_source.as_deref(), Some("postgres://me:hush@db/shop"));
    let (value, origin) = origin(&loaded, "default_source");
    assert_eq!((value.as_str(), origin.as_str()), ("\"postgres://me:***@db/shop\"", "variable `DATABASE_URL`"));
    let place = place.file("fathom.toml", "default_source = \"mine.db\"\n");
    assert_eq!(place.load(Flags::default()).unwrap().settings.default_source.as_deref(), Some("mine.db"), "a file wins");
    let place = place.variable("FATHOM_DEFAULT_SOURCE", "shop.db");
    assert_eq!(place.load(Flags::default()).unwrap().settings.default_source.as_deref(), Some("shop.db"));
}

#[test]
fn the_variables_of_postgresql_are_the_last_to_name_a_source() {
    let place =
        Place::new().variable("PGHOST", "db").variable("PGDATABASE", "shop").variable("PGUSER", "me").variable("PGPASSWORD", "hush");
    let loaded = place.load(Flags::default()).unwrap();
    assert_eq!(loaded.settings.default_source.as_deref(), Some("postgres://me:hush@db/shop"));
    let (value, origin) = origin(&loaded, "default_source");
    assert_eq!(value, "\"postgres://me:***@db/shop\"");
    assert_eq!(origin, "variables `PGHOST`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`");
    let place = place.variable("DATABASE_URL", "other.db");
    assert_eq!(place.load(Flags::default()).unwrap().settings.default_source.as_deref(), Some("other.db"));
    let place = place.file("fathom.toml", "default_source = \"mine.db\"\n");
    assert_eq!(place.load(Flags::default()).unwrap().settings.default_source.as_deref(), Some("mine.db"));
}

#[test]
fn every_alias_of_a_section_that_is_there_names_a_setting() {
    let known: BTreeSet<String> = Settings::keys().iter().map(|path| path.join(".")).collect();
    let sections = Settings::names();
    for (variable, key) in super::aliases::ALIASES.iter().filter(|(_, key)| sections.iter().any(|name| key.split('.').next() == Some(name)))
    {
        assert!(known.contains(*key), "`{variable}` stands for `{key}`, which is no setting");
    }
}

#[test]
fn variables_are_filled_into_the_texts_of_a_file() {
    let file = "default_source = \"sqlite:${FOLDER}/a$${b}.db\"\n[telemetry]\nservice_name = \"${MISSING}\"\n";
    let place = Place::new().file("fathom.toml", file).variable("FOLDER", "/srv");
    let problems = place.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("`telemetry.service_name`: the variable `MISSING` is not set"), "{problems:?}");
    let loaded = place.variable("MISSING", "there").load(Flags::default()).unwrap();
    assert_eq!(loaded.settings.default_source.as_deref(), Some("sqlite:/srv/a${b}.db"));
    assert_eq!(loaded.settings.telemetry.service_name, "there");
}

#[test]
fn secrets_are_known_by_their_names_and_passwords_by_their_place() {
    let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    for secret in
        ["model.api_key", "model.providers.azure.key", "api.token", "source.password", "model.headers.authorization", "model.api_keys"]
    {
        assert!(is_secret(&path(secret)), "{secret}");
    }
    for open in ["model.max_tokens", "engine.max_live_runs", "model.api_key_variable", "source.key_columns"] {
        assert!(!is_secret(&path(open)), "{open}");
    }
    let check = |text: &str, expected: &str| assert_eq!(without_password(text), expected);
    check("postgres://me:p@ss/word@db:5432/shop", "postgres://me:***@db:5432/shop");
    check("postgres://me@db/shop", "postgres://me@db/shop");
    check("http://localhost:4318", "http://localhost:4318");
    check("sqlite:a@b.db", "sqlite:a@b.db");
    check("postgres://db/shop?user=me&password=p%40ss&sslmode=require", "postgres://db/shop?user=me&password=***&sslmode=require");
}

#[test]
fn rules_are_read_in_order_and_all_that_is_wrong_with_them_is_told() {
    let file = "[[rules]]\nname = \"a\"\nblock = \"no\"\n[[rules]]\nname = \"b\"\nanswer = { rows = [1] }\n";
    let loaded = Place::new().file("fathom.toml", file).load(Flags::default()).unwrap();
    let names: Vec<_> = loaded.settings.rules.as_deref().unwrap_or_default().iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    let (shown, from) = origin(&loaded, "rules");
    assert!(shown.contains("\"block\":\"no\"") && from.ends_with("fathom.toml"), "{shown} {from}");

    let wrong = "[[rules]]\nname = \"a\"\nblok = \"no\"\npattern = 5\n[[rules]]\nname = \"b\"\ntool = \"nope\"\nlog = \"yes\"\n\
                 [[rules]]\nname = \"c\"\npattern = \"(\"\nlog = true\n";
    let problems = Place::new().file("fathom.toml", wrong).problems();
    let expect = |words: &[&str]| {
        let found = problems.iter().filter(|problem| words.iter().all(|word| problem.contains(word))).count();
        assert_eq!(found, 1, "{words:?} in {problems:#?}");
    };
    expect(&["fathom.toml", "`rules.0.blok`", "did you mean `block`?"]);
    expect(&["fathom.toml", "`rules.0.pattern`", "expected a string"]);
    expect(&["fathom.toml", "`rules.1.log`", "expected a boolean"]);
    expect(&["`rules.1.tool`", "the rule `b`", "valid are: list_targets"]);
    expect(&["`rules.2.pattern`", "the rule `c`", "no regular expression"]);
}

// --- config/default.toml

#[test]
fn every_setting_is_in_the_default_file_with_its_default() {
    let code = flat(&serde_json::to_value(Settings::default()).unwrap());
    let file = flat(&parsed(DEFAULTS));
    for (key, value) in code.iter().filter(|(_, value)| !value.is_null()) {
        match file.get(key) {
            Some(written) => assert!(same(written, value), "`{key}` is {written} in the file and {value} in the code"),
            None => panic!("`{key} = {value}` is not in config/default.toml"),
        }
    }
    for key in file.keys() {
        assert!(code.contains_key(key), "`{key}` of config/default.toml is no setting");
    }
}

#[test]
fn every_setting_without_a_default_is_an_example_that_works() {
    let mut file = flat(&parsed(&with_examples(DEFAULTS)));
    let code = flat(&serde_json::to_value(Settings::default()).unwrap());
    file.retain(|key, _| code.get(key).is_none_or(Value::is_null));
    let has_default = |key: &String| code.get(key).is_some_and(|value| !value.is_null());
    let without_default: BTreeSet<String> = Settings::keys().iter().map(|path| path.join(".")).filter(|key| !has_default(key)).collect();
    assert!(without_default.contains("telemetry.otlp_endpoint"), "{without_default:?}");
    let free: Vec<String> = code.iter().filter(|(_, value)| **value == serde_json::json!({})).map(|(key, _)| format!("{key}.")).collect();
    for key in &without_default {
        assert!(file.contains_key(key), "`{key}` has no example `#{key} = …` in config/default.toml");
    }
    for key in file.keys() {
        let is_free = free.iter().any(|map| key.starts_with(map.as_str()));
        let below = without_default.iter().any(|known| key == known || key.starts_with(&format!("{known}.")));
        assert!(is_free || below, "the example `{key}` is no setting");
    }
    let place = Place::new().file("agents/x", "").file("prompts/x", "").file("fathom.toml", &with_examples(DEFAULTS));
    // The folders of the examples are checked where the test runs, not where the file is.
    let problems = place.load(Flags::default()).err().unwrap_or_default();
    let problems: Vec<_> = problems.into_iter().filter(|problem| !problem.key.ends_with("_dir")).collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_setting_of_the_default_file_has_a_comment() {
    assert_eq!(uncommented(DEFAULTS), Vec::<String>::new());
    assert_eq!(uncommented("# why\na = 1\nb = 2\n\n#c = 3\n"), ["b = 2", "#c = 3"]);
}

fn uncommented(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_setting = |line: &str| !line.starts_with("# ") && line.contains(" = ") && !line.starts_with('[');
    let above = |at: usize| at.checked_sub(1).map_or("", |above| lines[above]);
    (0..lines.len()).filter(|at| is_setting(lines[*at]) && !above(*at).starts_with("# ")).map(|at| lines[at].to_owned()).collect()
}

/// The file with its examples switched on: `#key = value` and `#[table]`, but not `# words`.
fn with_examples(text: &str) -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(example) if example.starts_with(|c: char| c.is_ascii_lowercase() || c == '[' || c == '"') => example.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(|line| on(line) + "\n").collect()
}

fn parsed(text: &str) -> Value {
    serde_json::to_value(Toml::from_str::<figment::value::Dict>(text).unwrap()).unwrap()
}

fn same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => (left - right).abs() < 1e-6,
        _ => left == right,
    }
}

fn flat(value: &Value) -> BTreeMap<String, Value> {
    fn walk(prefix: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(members) if !members.is_empty() || prefix.is_empty() => {
                for (name, member) in members {
                    walk(&if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") }, member, into);
                }
            }
            leaf => {
                into.insert(prefix.to_owned(), leaf.clone());
            }
        }
    }
    let mut into = BTreeMap::new();
    walk("", value, &mut into);
    into
}

#[test]
fn an_endpoint_is_a_server_and_the_default_source_where_nothing_else_is() {
    let place =
        Place::new().variable("MCP_ENDPOINT", "http://h:6071/mcp/query").variable("MCP_AUTH_TOKEN", "sekrit").variable("PATH", "/bin");
    let loaded = place.load(Flags::default()).unwrap();
    assert_eq!(loaded.settings.default_source.as_deref(), Some("mcp:endpoint"));
    assert_eq!(origin(&loaded, "default_source").1, "variable `MCP_ENDPOINT`");
    let server = &loaded.settings.mcp.servers["endpoint"];
    assert_eq!(server.url.as_deref(), Some("http://h:6071/mcp/query"));
    assert_eq!(server.token.as_ref().map(crate::model::ApiKey::expose), Some("sekrit"));
    assert_eq!(origin(&loaded, "mcp.servers.endpoint.token"), ("***".to_owned(), "variable `MCP_AUTH_TOKEN`".to_owned()));
    assert!(loaded.settings.mcp.around.contains_key("PATH") && !loaded.settings.mcp.around.contains_key("MCP_AUTH_TOKEN"));
    let place = place.variable("DATABASE_URL", "sqlite:shop.db");
    let loaded = place.load(Flags::default()).unwrap();
    assert_eq!(loaded.settings.default_source.as_deref(), Some("sqlite:shop.db"));
    assert!(loaded.settings.mcp.servers.contains_key("endpoint"));
    let problems = Place::new().variable("MCP_ENDPOINT", "http://u:p@h/mcp").problems();
    assert!(
        problems.len() == 1 && problems[0].contains("mcp.servers.endpoint.url") && problems[0].contains("give the token apart"),
        "{problems:?}"
    );
}

#[test]
fn variables_of_a_servers_process_are_secrets() {
    let file = "[mcp.servers.files]\ncommand = \"files\"\nenv = { PLACE = \"hidden-1\" }\n";
    let loaded = Place::new().file("fathom.toml", file).load(Flags::default()).unwrap();
    assert_eq!(origin(&loaded, "mcp.servers.files.env.PLACE").0, "***");
    assert!(!format!("{:?}", loaded.settings).contains("hidden"));
}
