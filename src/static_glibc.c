/* Amends a glibc that is linked into the binary, in the two places where it or a crate would want something of the machine.
 * build.rs links this into static builds only; docs/decisions/0020-first-day.md tells why. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <features.h>
#include <nss.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !__GLIBC_PREREQ(2, 34)
#error "a static build needs glibc 2.34 or newer, which has the modules files and dns inside: build on Debian 12, Ubuntu 22.04 or newer"
#endif

/* Looks names up by the modules inside. Otherwise a static glibc loads those that the machine's /etc/nsswitch.conf names (myhostname,
 * resolve, sss) together with the machine's own libc, which may be of any version. */
__attribute__((constructor)) static void look_names_up_by_what_is_inside(void)
{
    __nss_configure_lookup("hosts", "files dns");
    __nss_configure_lookup("services", "files");
    __nss_configure_lookup("passwd", "files");
    __nss_configure_lookup("group", "files");
}

/* Opens a file of random bytes, once the system has any: /dev/random can be read from then on, /dev/urandom can be always. */
static int open_random(void)
{
    struct pollfd seeded = {.fd = open("/dev/random", O_RDONLY | O_CLOEXEC), .events = POLLIN};
    if (seeded.fd >= 0) {
        while (poll(&seeded, 1, -1) < 0 && (errno == EINTR || errno == EAGAIN)) {
        }
        close(seeded.fd);
    }
    return open("/dev/urandom", O_RDONLY | O_CLOEXEC);
}

/* Random bytes of the kernel: by its call, which needs no file, and where there is none (before Linux 3.17, and CentOS 7 before 7.4) of
 * the file. In the place of glibc's own function, which knows no file; the crate that asks looks a function up by its name at run
 * time otherwise, finds none in a static binary, and needs /dev. */
ssize_t getrandom(void *bytes, size_t length, unsigned int flags)
{
    ssize_t count = syscall(SYS_getrandom, bytes, length, flags);
    if (count >= 0 || errno != ENOSYS)
        return count;
    int file = open_random();
    if (file < 0)
        return -1;
    count = read(file, bytes, length);
    int error = errno;
    close(file);
    errno = error;
    return count;
}
