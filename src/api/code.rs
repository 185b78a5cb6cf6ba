//! The stable codes of errors that users see. Each has a page in `docs/errors/`, which is part of the program.

use axum::http::StatusCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    MalformedJson,
    UnknownField,
    MissingField,
    InvalidField,
    InvalidParameter,
    EventOfAnotherRun,
    Unauthorized,
    MissingScope,
    HostNotAllowed,
    OriginNotAllowed,
    NoSuchPath,
    NoSuchRun,
    NoSuchQuestion,
    NoSuchToken,
    NoSuchOption,
    MethodNotAllowed,
    SlowBody,
    RunEnded,
    WrongState,
    AnsweredBefore,
    TokenNameTaken,
    BodyTooLarge,
    UnsupportedMediaType,
    BeyondHead,
    KeyMisused,
    TooManyCalls,
    TokenInUrl,
    BadRequest,
    Internal,
    NotReady,
    Stopping,
    RunMoved,
    DataFolderReadOnly,
    DiskFull,
    NoSuchSource,
    NoSuchHarvest,
    NoSuchTool,
    SourceNameTaken,
    SourceUnusable,
    SourceUnavailable,
    ToolRefused,
    ToolFailed,
    CallAmbiguous,
    ToolChanged,
    ServerUnavailable,
    NoSuchCall,
    NoSuchServer,
    NoSuchLogin,
    NoSuchState,
    SignInWanted,
    SignInFailed,
}

impl Code {
    pub const ALL: [Self; 51] = [
        Self::MalformedJson,
        Self::UnknownField,
        Self::MissingField,
        Self::InvalidField,
        Self::InvalidParameter,
        Self::EventOfAnotherRun,
        Self::Unauthorized,
        Self::MissingScope,
        Self::HostNotAllowed,
        Self::OriginNotAllowed,
        Self::NoSuchPath,
        Self::NoSuchRun,
        Self::NoSuchQuestion,
        Self::NoSuchToken,
        Self::NoSuchOption,
        Self::MethodNotAllowed,
        Self::SlowBody,
        Self::RunEnded,
        Self::WrongState,
        Self::AnsweredBefore,
        Self::TokenNameTaken,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::BeyondHead,
        Self::KeyMisused,
        Self::TooManyCalls,
        Self::TokenInUrl,
        Self::BadRequest,
        Self::Internal,
        Self::NotReady,
        Self::Stopping,
        Self::RunMoved,
        Self::DataFolderReadOnly,
        Self::DiskFull,
        Self::NoSuchSource,
        Self::NoSuchHarvest,
        Self::NoSuchTool,
        Self::SourceNameTaken,
        Self::SourceUnusable,
        Self::SourceUnavailable,
        Self::ToolRefused,
        Self::ToolFailed,
        Self::CallAmbiguous,
        Self::ToolChanged,
        Self::ServerUnavailable,
        Self::NoSuchCall,
        Self::NoSuchServer,
        Self::NoSuchLogin,
        Self::NoSuchState,
        Self::SignInWanted,
        Self::SignInFailed,
    ];

    /// The last part of the problem's `type`.
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    pub fn status(self) -> StatusCode {
        self.entry().1
    }

    pub fn title(self) -> &'static str {
        self.entry().2
    }

    /// What happened and what to do, in Markdown.
    pub fn page(self) -> &'static str {
        self.entry().3
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    fn entry(self) -> (&'static str, StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::MalformedJson => {
                ("malformed_json", S::BAD_REQUEST, "The body is not JSON", include_str!("../../docs/errors/malformed_json.md"))
            }
            Self::UnknownField => ("unknown_field", S::BAD_REQUEST, "Unknown field", include_str!("../../docs/errors/unknown_field.md")),
            Self::MissingField => ("missing_field", S::BAD_REQUEST, "Missing field", include_str!("../../docs/errors/missing_field.md")),
            Self::InvalidField => ("invalid_field", S::BAD_REQUEST, "Invalid field", include_str!("../../docs/errors/invalid_field.md")),
            Self::InvalidParameter => {
                ("invalid_parameter", S::BAD_REQUEST, "Invalid parameter or header", include_str!("../../docs/errors/invalid_parameter.md"))
            }
            Self::EventOfAnotherRun => (
                "event_of_another_run",
                S::BAD_REQUEST,
                "The event id belongs to another run",
                include_str!("../../docs/errors/event_of_another_run.md"),
            ),
            Self::Unauthorized => {
                ("unauthorized", S::UNAUTHORIZED, "A token is required", include_str!("../../docs/errors/unauthorized.md"))
            }
            Self::MissingScope => {
                ("missing_scope", S::FORBIDDEN, "The token may not do this", include_str!("../../docs/errors/missing_scope.md"))
            }
            Self::HostNotAllowed => (
                "host_not_allowed",
                S::FORBIDDEN,
                "This server is not called by that name",
                include_str!("../../docs/errors/host_not_allowed.md"),
            ),
            Self::OriginNotAllowed => (
                "origin_not_allowed",
                S::FORBIDDEN,
                "Pages of that origin may not call this server",
                include_str!("../../docs/errors/origin_not_allowed.md"),
            ),
            Self::NoSuchPath => ("no_such_path", S::NOT_FOUND, "No such path", include_str!("../../docs/errors/no_such_path.md")),
            Self::NoSuchRun => ("no_such_run", S::NOT_FOUND, "No such run", include_str!("../../docs/errors/no_such_run.md")),
            Self::NoSuchQuestion => {
                ("no_such_question", S::NOT_FOUND, "No such question", include_str!("../../docs/errors/no_such_question.md"))
            }
            Self::NoSuchToken => ("no_such_token", S::NOT_FOUND, "No such token", include_str!("../../docs/errors/no_such_token.md")),
            Self::NoSuchOption => (
                "no_such_option",
                S::UNPROCESSABLE_ENTITY,
                "The question has no such option",
                include_str!("../../docs/errors/no_such_option.md"),
            ),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                S::METHOD_NOT_ALLOWED,
                "This path does not take that method",
                include_str!("../../docs/errors/method_not_allowed.md"),
            ),
            Self::SlowBody => ("slow_body", S::REQUEST_TIMEOUT, "The body came too slowly", include_str!("../../docs/errors/slow_body.md")),
            Self::RunEnded => ("run_ended", S::CONFLICT, "The run has ended", include_str!("../../docs/errors/run_ended.md")),
            Self::WrongState => {
                ("wrong_state", S::CONFLICT, "The run is not in a state for this", include_str!("../../docs/errors/wrong_state.md"))
            }
            Self::AnsweredBefore => {
                ("answered_before", S::CONFLICT, "The question was answered before", include_str!("../../docs/errors/answered_before.md"))
            }
            Self::TokenNameTaken => {
                ("token_name_taken", S::CONFLICT, "A token has that name", include_str!("../../docs/errors/token_name_taken.md"))
            }
            Self::BodyTooLarge => {
                ("body_too_large", S::PAYLOAD_TOO_LARGE, "The body is too large", include_str!("../../docs/errors/body_too_large.md"))
            }
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "The body must be JSON",
                include_str!("../../docs/errors/unsupported_media_type.md"),
            ),
            Self::BeyondHead => {
                ("beyond_head", S::RANGE_NOT_SATISFIABLE, "That event does not exist yet", include_str!("../../docs/errors/beyond_head.md"))
            }
            Self::KeyMisused => (
                "key_misused",
                S::UNPROCESSABLE_ENTITY,
                "The idempotency key was used for another request",
                include_str!("../../docs/errors/key_misused.md"),
            ),
            Self::TooManyCalls => (
                "too_many_calls",
                S::TOO_MANY_REQUESTS,
                "The token asks for too much at once",
                include_str!("../../docs/errors/too_many_calls.md"),
            ),
            Self::TokenInUrl => {
                ("token_in_url", S::BAD_REQUEST, "A token stands in the URL", include_str!("../../docs/errors/token_in_url.md"))
            }
            Self::BadRequest => {
                ("bad_request", S::BAD_REQUEST, "The request cannot be understood", include_str!("../../docs/errors/bad_request.md"))
            }
            Self::Internal => {
                ("internal", S::INTERNAL_SERVER_ERROR, "Something failed inside Fathom", include_str!("../../docs/errors/internal.md"))
            }
            Self::NotReady => ("not_ready", S::SERVICE_UNAVAILABLE, "Not ready", include_str!("../../docs/errors/not_ready.md")),
            Self::Stopping => ("stopping", S::SERVICE_UNAVAILABLE, "The server is stopping", include_str!("../../docs/errors/stopping.md")),
            Self::RunMoved => {
                ("run_moved", S::SERVICE_UNAVAILABLE, "The run has another owner now", include_str!("../../docs/errors/run_moved.md"))
            }
            Self::DataFolderReadOnly => (
                "data_folder_read_only",
                S::INSUFFICIENT_STORAGE,
                "The store cannot be written",
                include_str!("../../docs/errors/data_folder_read_only.md"),
            ),
            Self::DiskFull => ("disk_full", S::INSUFFICIENT_STORAGE, "The disk is full", include_str!("../../docs/errors/disk_full.md")),
            Self::NoSuchSource => ("no_such_source", S::NOT_FOUND, "No such source", include_str!("../../docs/errors/no_such_source.md")),
            Self::NoSuchHarvest => {
                ("no_such_harvest", S::NOT_FOUND, "No such harvest", include_str!("../../docs/errors/no_such_harvest.md"))
            }
            Self::NoSuchTool => ("no_such_tool", S::NOT_FOUND, "No such tool", include_str!("../../docs/errors/no_such_tool.md")),
            Self::SourceNameTaken => {
                ("source_name_taken", S::CONFLICT, "A source has that name", include_str!("../../docs/errors/source_name_taken.md"))
            }
            Self::SourceUnusable => (
                "source_unusable",
                S::UNPROCESSABLE_ENTITY,
                "The source cannot be used",
                include_str!("../../docs/errors/source_unusable.md"),
            ),
            Self::SourceUnavailable => (
                "source_unavailable",
                S::SERVICE_UNAVAILABLE,
                "The source does not answer",
                include_str!("../../docs/errors/source_unavailable.md"),
            ),
            Self::ToolRefused => {
                ("tool_refused", S::UNPROCESSABLE_ENTITY, "The tool was not called", include_str!("../../docs/errors/tool_refused.md"))
            }
            Self::ToolFailed => {
                ("tool_failed", S::UNPROCESSABLE_ENTITY, "The tool could not do it", include_str!("../../docs/errors/tool_failed.md"))
            }
            Self::CallAmbiguous => (
                "call_ambiguous",
                S::BAD_GATEWAY,
                "Nobody knows whether the call took place",
                include_str!("../../docs/errors/call_ambiguous.md"),
            ),
            Self::ToolChanged => {
                ("tool_changed", S::CONFLICT, "The tool is not what was accepted", include_str!("../../docs/errors/tool_changed.md"))
            }
            Self::ServerUnavailable => (
                "server_unavailable",
                S::SERVICE_UNAVAILABLE,
                "The remote server does not answer",
                include_str!("../../docs/errors/server_unavailable.md"),
            ),
            Self::NoSuchCall => ("no_such_call", S::NOT_FOUND, "No such call", include_str!("../../docs/errors/no_such_call.md")),
            Self::NoSuchServer => ("no_such_server", S::NOT_FOUND, "No such server", include_str!("../../docs/errors/no_such_server.md")),
            Self::NoSuchLogin => ("no_such_login", S::NOT_FOUND, "No such sign-in", include_str!("../../docs/errors/no_such_login.md")),
            Self::NoSuchState => ("no_such_state", S::NOT_FOUND, "No such state", include_str!("../../docs/errors/no_such_state.md")),
            Self::SignInWanted => {
                ("sign_in_wanted", S::CONFLICT, "The remote server wants a sign-in", include_str!("../../docs/errors/sign_in_wanted.md"))
            }
            Self::SignInFailed => {
                ("sign_in_failed", S::BAD_GATEWAY, "Nobody was signed in", include_str!("../../docs/errors/sign_in_failed.md"))
            }
        }
    }
}
