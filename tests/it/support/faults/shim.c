/* Faults at the writing system calls of a process, for Linux on x86_64 and aarch64.
 *
 * Loaded by LD_PRELOAD. A seccomp filter traps the calls themselves, so those that no function of libc makes are seen, too
 * (rustix and tempfile make such). The handler numbers each one that writes below FAULTS_DIR, lets it happen or fail, and
 * appends it to the file FAULTS_TRACE. Whatever else is written passes uncounted. Syncs are counted and not done: nothing here
 * takes the power away, and they take the most time.
 *
 *   FAULTS_KIND   what happens at a call: kill, eio, torn, sync, enospc or full; anything else: nothing
 *   FAULTS_ARM    a file of eight bytes: at which call, counted from 1; counted down with each, and may be written any time
 *   FAULTS_DATA   if it is set, the trace has the bytes that are written
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "trap.h"

#define SECTOR 512
#define ROOM 4096

#define CALL(nr, a, b, c, d) faults_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

enum op { OPEN, WRITE, TRUNCATE, ALLOCATE, SYNC, RENAME, LINK, UNLINK, MKDIR, RMDIR, SYMLINK };
enum { CREATED = 1, CUT_TO_NOTHING = 2, FOLDER = 4, FAULTY = 8 };
enum kind { NOTHING, KILL, EIO_ONCE, TORN, FAILED_SYNC, ENOSPC_ONCE, FULL };

/* The head of a call in the trace; two paths and the data follow. trace.rs reads it. */
struct head {
    uint32_t op, flags;
    int64_t result;
    uint64_t inode, offset, length;
    uint32_t path, second, data, zero;
};

struct call {
    long nr, args[6];
    enum op op;
    uint32_t flags;
    int fd;
    uint64_t offset, length, inode;
    char path[ROOM], second[ROOM];
};

static char folder[ROOM];
static size_t folder_len;
static int trace = -1;
static enum kind kind;
static int with_data;
static volatile uint64_t *countdown;
static int is_full;
static volatile int lock;

static int is_below(const char *path) {
    return strncmp(path, folder, folder_len) == 0 && (path[folder_len] == '/' || path[folder_len] == 0);
}

static int path_of(int fd, char *path) {
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    long len = CALL(SYS_readlinkat, AT_FDCWD, name, path, ROOM - 1);
    path[len < 0 ? 0 : len] = 0;
    return len > 0 && is_below(path);
}

/* The whole path of a name as a call has it. */
static int resolve(int at, const char *name, char *path) {
    while (name[0] == '.' && name[1] == '/') name += 2;
    if (name[0] == '/') {
        snprintf(path, ROOM, "%s", name);
        return is_below(path);
    }
    char base[ROOM];
    if (at == AT_FDCWD) {
        if (CALL(SYS_getcwd, base, ROOM, 0, 0) < 0) return 0;
    } else {
        path_of(at, base);
    }
    snprintf(path, ROOM, strcmp(name, ".") == 0 ? "%.2000s" : "%.2000s/%.2000s", base, name);
    return is_below(path);
}

static int status(int fd, struct stat *found) {
    return fstat(fd, found) == 0;
}

static int by_fd(struct call *call, enum op op) {
    call->op = op;
    call->fd = (int)call->args[0];
    if (!path_of(call->fd, call->path)) return 0;
    struct stat found;
    if (status(call->fd, &found)) {
        call->inode = found.st_ino;
        if (S_ISDIR(found.st_mode)) call->flags |= FOLDER;
        if (!S_ISDIR(found.st_mode) && !S_ISREG(found.st_mode)) return 0;
    }
    return 1;
}

static int by_name(struct call *call, enum op op, int at, long name) {
    call->op = op;
    return resolve(at, (const char *)name, call->path);
}

static int by_names(struct call *call, enum op op, int at, long name, int second_at, long second) {
    int is_second = resolve(second_at, (const char *)second, call->second);
    return by_name(call, op, at, name) || is_second;
}

/* Where a write without an offset goes. */
static uint64_t position(int fd) {
    struct stat found;
    long flags = CALL(SYS_fcntl, fd, F_GETFL, 0, 0);
    if ((flags & O_APPEND) && status(fd, &found)) return found.st_size;
    return CALL(SYS_lseek, fd, 0, SEEK_CUR, 0);
}

static uint64_t sum(const struct iovec *pieces, long count) {
    uint64_t total = 0;
    for (long n = 0; n < count; n++) total += pieces[n].iov_len;
    return total;
}

static int opens(struct call *call, int at, long name, long flags) {
    struct stat found;
    if (!by_name(call, OPEN, at, name)) return 0;
    int is_there = fstatat(AT_FDCWD, call->path, &found, 0) == 0;
    if (!is_there) call->flags |= CREATED;
    if (is_there && (flags & O_TRUNC)) call->flags |= CUT_TO_NOTHING;
    return 1;
}

/* Whether the call writes below the folder, and what. */
static int describe(struct call *call) {
    const long *a = call->args;
    switch (call->nr) {
#ifdef SYS_open
    case SYS_open: return opens(call, AT_FDCWD, a[0], a[1]);
    case SYS_creat: return opens(call, AT_FDCWD, a[0], O_CREAT | O_TRUNC);
    case SYS_rename: return by_names(call, RENAME, AT_FDCWD, a[0], AT_FDCWD, a[1]);
    case SYS_link: return by_names(call, LINK, AT_FDCWD, a[0], AT_FDCWD, a[1]);
    case SYS_unlink: return by_name(call, UNLINK, AT_FDCWD, a[0]);
    case SYS_mkdir: return by_name(call, MKDIR, AT_FDCWD, a[0]);
    case SYS_rmdir: return by_name(call, RMDIR, AT_FDCWD, a[0]);
    case SYS_symlink: return by_name(call, SYMLINK, AT_FDCWD, a[1]);
#endif
#ifdef SYS_renameat
    case SYS_renameat:
#endif
    case SYS_renameat2: return by_names(call, RENAME, a[0], a[1], a[2], a[3]);
    case SYS_openat: return opens(call, a[0], a[1], a[2]);
    case SYS_linkat: return by_names(call, LINK, a[0], a[1], a[2], a[3]);
    case SYS_unlinkat: return by_name(call, a[2] & AT_REMOVEDIR ? RMDIR : UNLINK, a[0], a[1]);
    case SYS_mkdirat: return by_name(call, MKDIR, a[0], a[1]);
    case SYS_symlinkat: return by_name(call, SYMLINK, a[1], a[2]);
    case SYS_truncate:
        call->length = a[1];
        return by_name(call, TRUNCATE, AT_FDCWD, a[0]);
    case SYS_ftruncate:
        call->length = a[1];
        return by_fd(call, TRUNCATE);
    case SYS_fallocate:
        call->offset = a[2], call->length = a[3];
        return by_fd(call, ALLOCATE);
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_sync_file_range: return by_fd(call, SYNC);
    case SYS_write:
    case SYS_writev:
        if (!by_fd(call, WRITE)) return 0;
        call->offset = position(call->fd);
        break;
    default: /* pwrite64, pwritev, pwritev2 */
        if (!by_fd(call, WRITE)) return 0;
        call->offset = a[3];
    }
    int is_one = call->nr == SYS_write || call->nr == SYS_pwrite64;
    call->length = is_one ? (uint64_t)a[2] : sum((const struct iovec *)a[1], a[2]);
    return 1;
}

static void append(const void *bytes, uint64_t len) {
    if (len > 0) CALL(SYS_write, trace, bytes, len, 0);
}

static void append_data(const struct call *call, uint64_t left) {
    if (call->nr == SYS_write || call->nr == SYS_pwrite64) {
        append((const void *)call->args[1], left);
        return;
    }
    const struct iovec *piece = (const struct iovec *)call->args[1];
    for (; left > 0; piece++) {
        uint64_t len = piece->iov_len < left ? piece->iov_len : left;
        append(piece->iov_base, len);
        left -= len;
    }
}

static void note(const struct call *call, uint32_t more, long result, uint64_t written) {
    uint64_t data = with_data && call->op == WRITE ? written : 0;
    struct head head = {call->op, call->flags | more, result, call->inode, call->offset, call->length,
                        strlen(call->path), strlen(call->second), data, 0};
    append(&head, sizeof head);
    append(call->path, head.path);
    append(call->second, head.second);
    append_data(call, data);
}

static long pass(const struct call *call) {
    const long *a = call->args;
    return faults_call(call->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The first half of a write, in whole sectors; how much. */
static uint64_t half(struct call *call) {
    uint64_t len = call->length / 2 / SECTOR * SECTOR;
    int is_one = call->nr == SYS_write || call->nr == SYS_pwrite64;
    if (call->op != WRITE || !is_one || len == 0) return 0;
    struct call part = *call;
    part.args[2] = len;
    long written = pass(&part);
    return written < 0 ? 0 : written;
}

static long fail(struct call *call) {
    uint64_t written = kind == TORN || kind == FULL ? half(call) : 0;
    is_full = kind == FULL;
    long result = kind == ENOSPC_ONCE || kind == FULL ? -ENOSPC : -EIO;
    /* A disk that becomes full takes the first part and says so. */
    if (kind == FULL && written > 0) result = written;
    note(call, FAULTY, result, written);
    return result;
}

static int counts(const struct call *call) {
    switch (kind) {
    case NOTHING: return 0;
    case TORN: return call->op == WRITE && call->length >= 2 * SECTOR;
    case FAILED_SYNC: return call->op == SYNC;
    default: return 1;
    }
}

static long perform(struct call *call) {
    if (is_full) {
        note(call, FAULTY, -ENOSPC, 0);
        return -ENOSPC;
    }
    if (counts(call) && *countdown > 0 && --*countdown == 0) {
        if (kind == KILL) {
            note(call, FAULTY, 0, 0);
            CALL(SYS_kill, getpid(), SIGKILL, 0, 0);
        }
        return fail(call);
    }
    long result = call->op == SYNC ? 0 : pass(call);
    struct stat found;
    if (call->op == OPEN && result >= 0 && status(result, &found)) call->inode = found.st_ino;
    note(call, 0, result, result > 0 ? result : 0);
    return result;
}

/* Ways around write(). Who finds them closed writes. */
static int is_shortcut(const struct call *call, int *to) {
    *to = call->args[call->nr == SYS_sendfile ? 0 : 2];
    return call->nr == SYS_sendfile || call->nr == SYS_copy_file_range || call->nr == SYS_splice;
}

static long handle(struct call *call) {
    int to;
    if (is_shortcut(call, &to)) return path_of(to, call->path) ? -ENOSYS : pass(call);
    if (call->nr == SYS_openat && (call->args[2] & O_TMPFILE) == O_TMPFILE)
        return resolve(call->args[0], (const char *)call->args[1], call->path) ? -EOPNOTSUPP : pass(call);
    if (!describe(call)) return pass(call);
    while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE)) CALL(SYS_sched_yield, 0, 0, 0, 0);
    long result = perform(call);
    __atomic_clear(&lock, __ATOMIC_RELEASE);
    return result;
}

static void trapped(int signal, siginfo_t *info, void *context_) {
    (void)signal, (void)info;
    ucontext_t *context = context_;
    int before = errno;
    struct call call = {.nr = NUMBER(context), .args = ARGS(context), .fd = -1};
    long result = handle(&call);
    errno = before;
    RESULT(context) = result;
}

static void give_up(const char *why) {
    perror(why);
    _exit(99);
}

static enum kind named(const char *name) {
    static const char *const NAMES[] = {"nothing", "kill", "eio", "torn", "sync", "enospc", "full"};
    for (int n = 0; name && n < 7; n++)
        if (strcmp(name, NAMES[n]) == 0) return n;
    return NOTHING;
}

__attribute__((constructor)) static void start(void) {
    const char *dir = getenv("FAULTS_DIR"), *to = getenv("FAULTS_TRACE"), *arm = getenv("FAULTS_ARM");
    if (!dir || !to || !arm) return;
    folder_len = snprintf(folder, sizeof folder, "%s", dir);
    kind = named(getenv("FAULTS_KIND"));
    with_data = getenv("FAULTS_DATA") != NULL;
    int fd = open(arm, O_RDWR | O_CLOEXEC);
    countdown = mmap(NULL, sizeof *countdown, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (countdown == MAP_FAILED) give_up(arm);
    close(fd);
    /* Out of the way of the descriptors that the program is given. */
    fd = open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    trace = fcntl(fd, F_DUPFD_CLOEXEC, 500);
    if (trace < 0) give_up(to);
    close(fd);
    struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigfillset(&action.sa_mask);
    if (sigaction(SIGSYS, &action, NULL)) give_up("sigaction");
    if (install()) give_up("seccomp");
}
