//! Reasons not to install, looked for before anything is changed. Each is told with what to do instead.

use std::iter;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use super::found::{Found, read};
use super::places::{CONFIG, NAME, PACKAGED_UNITS, UNIT};
use super::system;
use super::unit::{self, Machine, Origin};
use crate::config::Config;
use crate::language::Language;

/// A reason, as one message.
pub type Refusal = String;

/// Looks whether this is a machine with systemd, and root at the keyboard; `command` is the one to repeat as root.
///
/// # Errors
/// It is not.
pub fn machine(command: &str, language: Language) -> Result<Machine, Refusal> {
    if !system::has_systemd() {
        return Err(no_systemd(system::is_container(), language));
    }
    if !system::is_root() {
        return Err(language.choose(
            format!("only root may do this: sudo {command}"),
            format!("需要 root 权限：sudo {command}"),
        ));
    }
    let systemd = system::systemd_version()?;
    if systemd < unit::OLDEST {
        return Err(too_old(systemd, language));
    }
    Ok(Machine {
        systemd,
        user_namespaces: system::has_user_namespaces(),
    })
}

fn no_systemd(is_container: bool, language: Language) -> Refusal {
    match is_container {
        true => language.choose(
            "there is no systemd in this container: let the container run the server itself (\"bai serve\" as its command), and \
             the engine restart it (docker run --restart unless-stopped)",
            "此容器内没有 systemd：请让容器直接运行 bai serve，由容器引擎负责重启（docker run --restart unless-stopped）",
        ),
        false => language.choose(
            "this machine was not started by systemd. Let your own supervisor run \"bai serve --config FILE\" as a user of its own, or, until \
             the next reboot: nohup bai serve --config config.toml >bai.log 2>&1 &",
            "此机器未使用 systemd。请用现有的进程管理工具以专用用户运行 bai serve --config FILE；\
             临时使用（重启机器后失效）：nohup bai serve --config config.toml >bai.log 2>&1 &",
        ),
    }
    .to_owned()
}

fn too_old(systemd: u32, language: Language) -> Refusal {
    let oldest = unit::OLDEST;
    language.choose(
        format!("systemd {systemd} is too old, it has to be {oldest} or newer: let another supervisor run \"bai serve --config FILE\""),
        format!("systemd {systemd} 版本过低（至少 {oldest}）：请用其他进程管理工具运行 bai serve --config FILE"),
    )
}

/// Looks whether a package brought the service, which then is the package's.
///
/// # Errors
/// It did.
pub fn no_package(language: Language) -> Result<(), Refusal> {
    match PACKAGED_UNITS.iter().find(|unit| Path::new(unit).exists()) {
        None => Ok(()),
        Some(unit) => Err(language.choose(
            format!("a package installed bai here ({unit}): upgrade with a newer one (apt install ./bai_….deb, rpm -U bai-….rpm), or remove it first (apt remove bai, rpm -e bai); configuration and database stay"),
            format!("此机器已通过软件包安装 bai（{unit}）：请用新的软件包升级（apt install ./bai_….deb 或 rpm -U bai-….rpm），或先卸载（apt remove bai 或 rpm -e bai），配置和数据库会保留"),
        )),
    }
}

/// Looks for all else that would stop half way, or would take something from somebody.
///
/// # Errors
/// Something would.
pub fn found(found: &Found, language: Language) -> Result<(), Refusal> {
    unit_is_ours(found.old_unit.as_deref(), language)?;
    user_is_a_system_s(found, language)?;
    if let Some(config) = config(language)?
        && !found.is_up
    {
        address_is_free(config.server.listen, language)?;
    }
    Ok(())
}

/// A unit of somebody else may have what the service cannot do without there, such as a right to port 443.
fn unit_is_ours(unit: Option<&str>, language: Language) -> Result<(), Refusal> {
    match unit.map(unit::origin) {
        None | Some(Origin::Ours) => Ok(()),
        Some(Origin::Others) => Err(language.choose(
            format!("{UNIT} was written or changed by hand, and would be lost. Bring your changes into \"systemctl edit {NAME}\" and put the file away: mv {UNIT} {UNIT}.mine. Then run this again; the service goes on meanwhile"),
            format!("{UNIT} 被手动创建或修改过，继续会丢失这些内容。请用 systemctl edit {NAME} 保存修改，再移走该文件：mv {UNIT} {UNIT}.mine，然后重新运行。此前服务不受影响"),
        )),
    }
}

fn user_is_a_system_s(found: &Found, language: Language) -> Result<(), Refusal> {
    match found.is_a_person_s() {
        false => Ok(()),
        true => Err(language.choose(
            format!("the user {NAME} of this machine is a person's, by its number (id {NAME}): the database should not be theirs. Rename that user (usermod --login NEW {NAME}; groupmod --new-name NEW {NAME}), or run bai in a container"),
            format!("此机器的用户 {NAME} 是普通用户，不是系统用户（见 id {NAME}），数据库不应归其所有。请将其改名（usermod --login NEW {NAME}; groupmod --new-name NEW {NAME}），或改用容器运行"),
        )),
    }
}

/// The configuration that the service will have; none if it is still to be made.
fn config(language: Language) -> Result<Option<Config>, Refusal> {
    if read(CONFIG)?.is_none() {
        return Ok(Some(Config::default()));
    }
    let config = Config::load(Some(Path::new(CONFIG)), iter::empty());
    config.map(Some).map_err(|error| {
        language.choose(
            format!("the service would not start with its configuration: {error}"),
            format!("配置文件有误，服务将无法启动：{error}"),
        )
    })
}

fn address_is_free(address: SocketAddr, language: Language) -> Result<(), Refusal> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) => Err(language.choose(
            format!("the service could not listen on {address}: {error}. Stop what listens there (ss -ltnp says who), or write another server.listen into {CONFIG}"),
            format!("服务无法监听 {address}：{error}。请停止占用该端口的程序（用 ss -ltnp 查看），或在 {CONFIG} 中修改 server.listen"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_of_somebody_else_is_not_taken_away() {
        let machine = Machine {
            systemd: 252,
            user_namespaces: true,
        };
        let ours = unit::text(machine, "/usr/local/bin/bai");
        let theirs = ours.replace("PrivateUsers=true", "PrivateUsers=false");
        assert_eq!(unit_is_ours(None, Language::English), Ok(()));
        assert_eq!(unit_is_ours(Some(&ours), Language::English), Ok(()));
        let refusal = unit_is_ours(Some(&theirs), Language::English).unwrap_err();
        assert!(refusal.contains("systemctl edit bai"), "{refusal}");
    }

    #[test]
    fn an_address_that_somebody_listens_on_is_told_with_what_to_do() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let refusal = address_is_free(address, Language::Chinese).unwrap_err();
        assert!(
            refusal.contains(&format!("无法监听 {address}")),
            "{refusal}"
        );
        drop(listener);
        assert_eq!(address_is_free(address, Language::Chinese), Ok(()));
    }

    #[test]
    fn without_systemd_it_is_said_what_to_do_in_a_container_and_elsewhere() {
        assert!(no_systemd(true, Language::English).contains("--restart unless-stopped"));
        assert!(no_systemd(false, Language::English).contains("nohup bai serve"));
        assert!(no_systemd(false, Language::Chinese).contains("nohup bai serve"));
    }
}
