//! Settings: from options, the environment, a file, and defaults, in this order.

mod file;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use plaudit_event::TenantId;
use plaudit_telemetry::LogFormat;

use crate::cli::{self, Common, Serve};
use crate::error::ServerError;

pub use file::{DEFAULT_FILE, File, Limits, read};

/// What every command on a data directory needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Directory that holds everything.
    pub data_dir: PathBuf,
    /// Where days and months begin.
    pub time_zone: TimeZone,
    /// What to log.
    pub log_filter: String,
    /// How to log.
    pub log_format: LogFormat,
    /// What stands in the file.
    pub file: File,
}

/// What `serve` needs besides.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// Where clients come in.
    pub listen: String,
    /// Where operators come in.
    pub admin_listen: String,
    /// Key and secret, if they are given.
    pub credential: Option<(String, String)>,
    /// Whose data the credential opens.
    pub tenant: TenantId,
    /// Names this server in the authority of statements.
    pub home_page: String,
    /// Threads that serve requests.
    pub workers: usize,
    /// Limits.
    pub limits: Limits,
}

const DATA_DIR: &str = "plaudit-data";
const LISTEN: &str = "127.0.0.1:8080";
const ADMIN_LISTEN: &str = "127.0.0.1:9090";
const TENANT: &str = "default";
const HOME_PAGE: &str = "http://localhost/plaudit";

impl Settings {
    /// Reads the file, if there is one, and puts the options before it. `log_filter` is the default of the logs.
    pub fn new(common: &Common, log_filter: &str) -> Result<Self, ServerError> {
        let file = common.config.as_deref().map_or_else(|| Ok(File::default()), file::read)?;
        let data_dir = common.data_dir.clone().or_else(|| file.data_dir.clone());
        let data_dir = data_dir.unwrap_or_else(|| PathBuf::from(DATA_DIR));
        let zone = common.time_zone.clone().or_else(|| file.time_zone.clone());
        let filter = common.log.clone().or_else(|| file.log.filter.clone());
        let json = match common.log_format {
            Some(format) => matches!(format, cli::LogFormat::Json),
            None => file.log.format.as_deref() == Some("json"),
        };
        Ok(Self {
            data_dir: std::path::absolute(&data_dir).map_err(|cause| no_file("find", &data_dir, cause))?,
            time_zone: time_zone(zone.as_deref().unwrap_or("UTC"))?,
            log_filter: filter.unwrap_or_else(|| log_filter.to_owned()),
            log_format: if json { LogFormat::Json } else { LogFormat::Human },
            file,
        })
    }
}

impl ServeSettings {
    /// Puts the options before the file.
    pub fn new(options: &Serve, file: &File) -> Result<Self, ServerError> {
        let text = |option: &Option<String>, file: &Option<String>, default: &str| {
            option.clone().or_else(|| file.clone()).unwrap_or_else(|| default.to_owned())
        };
        let credential = match (&options.key, &options.secret) {
            (Some(key), Some(secret)) => Some((key.clone(), secret.clone())),
            _ => file.key.clone().zip(file.secret.clone()),
        };
        if let Some((key, _)) = credential.as_ref().filter(|(key, _)| key.is_empty() || key.contains(':')) {
            let problem = "a key has at least one character, and no colon".to_owned();
            return Err(ServerError::Setting { name: "key", value: key.clone(), problem });
        }
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            listen: text(&options.listen, &file.listen, LISTEN),
            admin_listen: text(&options.admin_listen, &file.admin_listen, ADMIN_LISTEN),
            credential,
            tenant: TenantId::new(&text(&options.tenant, &file.tenant, TENANT))?,
            home_page: file.home_page.clone().unwrap_or_else(|| HOME_PAGE.to_owned()),
            workers: options.workers.or(file.workers).unwrap_or_else(cores).max(1),
            limits: file.limits.clone(),
        })
    }
}

/// The error that a file of ours gives.
pub fn no_file(action: &'static str, path: &Path, cause: std::io::Error) -> ServerError {
    ServerError::File { action, path: path.to_owned(), cause }
}

fn time_zone(name: &str) -> Result<TimeZone, ServerError> {
    TimeZone::get(name).map_err(|error| ServerError::Setting {
        name: "time_zone",
        value: name.to_owned(),
        problem: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_goes_before_the_file_and_the_file_before_the_default() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plaudit.toml");
        std::fs::write(&path, "listen = \"h:1\"\ntenant = \"acme\"\ntime_zone = \"Europe/Berlin\"\n")
            .unwrap();
        let common = Common { config: Some(path), ..Common::default() };
        let settings = Settings::new(&common, "warn").unwrap();
        let options = Serve { listen: Some("o:2".to_owned()), ..Serve::default() };
        let serve = ServeSettings::new(&options, &settings.file).unwrap();
        assert_eq!((serve.listen.as_str(), serve.tenant.as_str()), ("o:2", "acme"));
        assert_eq!(serve.admin_listen, ADMIN_LISTEN);
        assert_eq!(settings.time_zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(settings.log_filter, "warn");
        assert!(settings.data_dir.is_absolute());
    }

    #[test]
    fn a_zone_that_is_none_is_named() {
        let common = Common { time_zone: Some("Mars/Crater".to_owned()), ..Common::default() };
        let error = Settings::new(&common, "warn").expect_err("no such zone").to_string();
        assert!(error.starts_with("time_zone is `Mars/Crater`: "), "{error}");
    }
}
