//! A machine as an installation finds it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::places::{CONFIG, DATA, INSTALLED_PROGRAMS, NAME, PROGRAM, UNIT};
use super::state::{Part, Rights, State};
use super::system::{self, Properties, property};
use super::unit::{self, Machine};

/// The program that runs, under a name that holds while it is replaced.
const OURSELVES: &str = "/proc/self/exe";
/// The lowest id that machines give to people; those below it are of services.
const FIRST_PERSON: u32 = 1000;
/// Words that the kernel adds to a program that was replaced while it ran.
const REPLACED: &str = " (deleted)";

/// State of the machine, and of the installation that is to be.
pub struct Found {
    /// The program that the unit starts.
    pub program: PathBuf,
    /// The contents of the program, where it has to be copied.
    pub contents: Vec<u8>,
    /// The version that is installed and will be replaced.
    pub old_version: Option<String>,
    /// The unit as it is to be.
    pub unit: String,
    /// The unit as it is.
    pub old_unit: Option<String>,
    /// The id of the user and of its group, if there is one.
    pub user: Option<(u32, u32)>,
    /// Whether the service runs, or tries to.
    pub is_up: bool,
    states: Vec<(Part, State)>,
}

impl Found {
    /// Looks at the machine and changes nothing.
    ///
    /// # Errors
    /// A program that all machines have is missing, or a file cannot be read.
    pub fn look(machine: Machine) -> Result<Self, String> {
        let contents = read(OURSELVES)?.unwrap_or_default();
        let program = installed_program();
        let program_state = match &program {
            Some(_) => State::There,
            None => State::of_contents(read(PROGRAM)?.as_deref(), &contents),
        };
        let program = program.unwrap_or_else(|| PathBuf::from(PROGRAM));
        let unit = unit::text(machine, &program.to_string_lossy());
        let old_unit = read(UNIT)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let unit_state =
            State::of_contents(old_unit.as_deref().map(str::as_bytes), unit.as_bytes());
        let user = system::id("-u")?.zip(system::id("-g")?);
        let properties = system::properties(&["ActiveState", "MainPID", "NeedDaemonReload"])?;
        let is_active = property(&properties, "ActiveState") == "active";
        let states = vec![
            (Part::User, if_there(user.is_some())),
            (Part::Folder, folder(user)?),
            (Part::Config, config(user)?),
            (Part::Program, program_state),
            (Part::Unit, unit_state),
            (Part::Boot, boot()?),
            (
                Part::Service,
                State::of_service(is_active, is_stale(&properties), program_state, unit_state),
            ),
        ];
        Ok(Self {
            old_version: old_version(program_state),
            is_up: !["inactive", "failed", ""].contains(&property(&properties, "ActiveState")),
            program,
            contents,
            unit,
            old_unit,
            user,
            states,
        })
    }

    /// The state of a part.
    pub fn state(&self, part: Part) -> State {
        let found = self.states.iter().find(|(known, _)| *known == part);
        found.map_or(State::Missing, |(_, state)| *state)
    }

    /// Whether that user is a person's, by its id.
    pub fn is_a_person_s(&self) -> bool {
        self.user.is_some_and(|(user, _)| user >= FIRST_PERSON)
    }
}

/// The bytes of a file; none if there is no file.
///
/// # Errors
/// The file is there and cannot be read.
pub fn read(path: &str) -> Result<Option<Vec<u8>>, String> {
    optional(path, fs::read(path))
}

/// Rights of a file; none if there is no file.
///
/// # Errors
/// They cannot be seen.
pub fn rights(path: &str) -> Result<Option<Rights>, String> {
    let found = optional(path, fs::metadata(path))?;
    Ok(found.map(|it| Rights {
        owner: it.uid(),
        group: it.gid(),
        mode: it.mode(),
    }))
}

/// None for what is not there. A link that leads nowhere is there, as of a volume that is not mounted yet.
fn optional<T>(path: &str, result: io::Result<T>) -> Result<Option<T>, String> {
    let is_gone = |e: &io::Error| e.kind() == io::ErrorKind::NotFound;
    match result {
        Ok(found) => Ok(Some(found)),
        Err(e) if is_gone(&e) && fs::symlink_metadata(path).is_ok() => Err(format!(
            "{path} is a link to what is not there: mend or remove it"
        )),
        Err(e) if is_gone(&e) => Ok(None),
        Err(e) => Err(format!("{path}: {e}")),
    }
}

/// This program's path, if it runs from where it would be installed.
fn installed_program() -> Option<PathBuf> {
    let ourselves = fs::read_link(OURSELVES).ok()?;
    let mut places = INSTALLED_PROGRAMS.iter().map(Path::new);
    places.find(|place| *place == ourselves).map(Path::to_owned)
}

fn if_there(is_there: bool) -> State {
    match is_there {
        true => State::There,
        false => State::Missing,
    }
}

fn folder(user: Option<(u32, u32)>) -> Result<State, String> {
    Ok(match (rights(DATA)?, user) {
        (None, _) => State::Missing,
        (Some(rights), Some((user, _))) if rights.are_private_to(user) => State::There,
        _ => State::Different,
    })
}

fn config(user: Option<(u32, u32)>) -> Result<State, String> {
    Ok(match (rights(CONFIG)?, user) {
        (None, _) => State::Missing,
        (Some(rights), Some((user, group))) if rights.let_read(user, group) => State::There,
        _ => State::Different,
    })
}

fn boot() -> Result<State, String> {
    let said = system::run("systemctl", &["is-enabled", NAME])?;
    Ok(if_there(system::text(&said.stdout) == "enabled"))
}

fn old_version(program: State) -> Option<String> {
    let is_old = program == State::Different;
    is_old.then(|| system::version_of(Path::new(PROGRAM)))?
}

/// Whether what runs is older than the program or the unit on the disk.
fn is_stale(properties: &Properties) -> bool {
    let process = property(properties, "MainPID");
    let program = fs::read_link(format!("/proc/{process}/exe"));
    property(properties, "NeedDaemonReload") == "yes"
        || program.is_ok_and(|it| it.to_string_lossy().ends_with(REPLACED))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_not_taken_for_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let path = path.to_str().unwrap();
        assert_eq!(read(path), Ok(None));
        symlink(folder.path().join("unmounted"), path).unwrap();
        assert!(read(path).unwrap_err().contains("is a link to"));
        assert!(rights(path).is_err());
    }
}
