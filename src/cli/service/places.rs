//! Places of the service on a machine: those of the packages but for the program and the unit, which are the administrator's.

/// The program, as it is installed without a package.
pub const PROGRAM: &str = "/usr/local/bin/bai";
/// Programs that need not be copied, because root alone can change them where they are.
pub const INSTALLED_PROGRAMS: [&str; 2] = [PROGRAM, "/usr/bin/bai"];
/// The unit, as it is installed without a package.
pub const UNIT: &str = "/etc/systemd/system/bai.service";
/// Places of a package's unit.
pub const PACKAGED_UNITS: [&str; 2] = [
    "/usr/lib/systemd/system/bai.service",
    "/lib/systemd/system/bai.service",
];
/// Folder that `systemctl edit bai` writes to.
pub const DROP_INS: &str = "/etc/systemd/system/bai.service.d";
/// The name of unit, user and group.
pub const NAME: &str = "bai";
/// The folder of the database.
pub const DATA: &str = "/var/lib/bai";
/// The folder of the configuration.
pub const CONFIG_FOLDER: &str = "/etc/bai";
/// The configuration.
pub const CONFIG: &str = "/etc/bai/config.toml";
/// A folder that is there when systemd is what started the machine, see `sd_booted(3)`.
pub const BOOTED: &str = "/run/systemd/system";
