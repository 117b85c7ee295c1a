/* How the writing calls of this process get to a handler of SIGSYS, and how a handler makes one itself. */
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* A call that the filter lets pass: it comes from here. */
long faults_call(long nr, long a, long b, long c, long d, long e, long f);
extern char faults_call_end[];

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
__asm__(".text\n.globl faults_call\nfaults_call:\n"
        "mov %rdi, %rax\nmov %rsi, %rdi\nmov %rdx, %rsi\nmov %rcx, %rdx\nmov %r8, %r10\nmov %r9, %r8\nmov 8(%rsp), %r9\n"
        "syscall\nret\n.globl faults_call_end\nfaults_call_end:\nnop\n");
#define REG(context, name) ((context)->uc_mcontext.gregs[name])
#define NUMBER(context) REG(context, REG_RAX)
#define RESULT(context) REG(context, REG_RAX)
#define ARGS(context) \
    { REG(context, REG_RDI), REG(context, REG_RSI), REG(context, REG_RDX), REG(context, REG_R10), REG(context, REG_R8), REG(context, REG_R9) }
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
__asm__(".text\n.globl faults_call\nfaults_call:\n"
        "mov x8, x0\nmov x0, x1\nmov x1, x2\nmov x2, x3\nmov x3, x4\nmov x4, x5\nmov x5, x6\n"
        "svc #0\nret\n.globl faults_call_end\nfaults_call_end:\nnop\n");
#define NUMBER(context) ((context)->uc_mcontext.regs[8])
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#define ARGS(context) \
    { (context)->uc_mcontext.regs[0], (context)->uc_mcontext.regs[1], (context)->uc_mcontext.regs[2], \
      (context)->uc_mcontext.regs[3], (context)->uc_mcontext.regs[4], (context)->uc_mcontext.regs[5] }
#else
#error "the shim knows the registers of x86_64 and aarch64"
#endif

static const int TRAPPED[] = {
#ifdef SYS_open
    SYS_creat, SYS_rename, SYS_link, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_symlink,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
    SYS_write, SYS_writev, SYS_pwrite64, SYS_pwritev, SYS_pwritev2, SYS_ftruncate, SYS_truncate, SYS_fallocate,
    SYS_fsync, SYS_fdatasync, SYS_sync_file_range, SYS_renameat2, SYS_linkat, SYS_unlinkat, SYS_mkdirat,
    SYS_symlinkat, SYS_copy_file_range, SYS_sendfile, SYS_splice,
};

#define FIELD(name) offsetof(struct seccomp_data, name)
#define LOAD(at) (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define JUMP(test, value, yes, no) (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_##test | BPF_K, (value), (yes), (no))
#define ANSWER(what) (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (what))

static int add_open(struct sock_filter *filter, int n, int nr, int flags_at) {
    filter[n++] = JUMP(JEQ, nr, 0, 4);
    filter[n++] = LOAD(flags_at);
    filter[n++] = JUMP(JSET, O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY), 0, 1);
    filter[n++] = ANSWER(SECCOMP_RET_TRAP);
    filter[n++] = ANSWER(SECCOMP_RET_ALLOW);
    return n;
}

static int install(void) {
    uint64_t from = (uint64_t)faults_call, to = (uint64_t)faults_call_end;
    struct sock_filter filter[100];
    int n = 0;
    filter[n++] = LOAD(FIELD(instruction_pointer) + 4);
    filter[n++] = JUMP(JEQ, (uint32_t)(from >> 32), 0, 4);
    filter[n++] = LOAD(FIELD(instruction_pointer));
    filter[n++] = JUMP(JGE, (uint32_t)from, 0, 2);
    filter[n++] = JUMP(JGT, (uint32_t)to, 1, 0);
    filter[n++] = ANSWER(SECCOMP_RET_ALLOW);
    filter[n++] = LOAD(FIELD(nr));
    for (size_t t = 0; t < sizeof TRAPPED / sizeof *TRAPPED; t++) {
        filter[n++] = JUMP(JEQ, TRAPPED[t], 0, 1);
        filter[n++] = ANSWER(SECCOMP_RET_TRAP);
    }
#ifdef SYS_open
    n = add_open(filter, n, SYS_open, FIELD(args[1]));
#endif
    n = add_open(filter, n, SYS_openat, FIELD(args[2]));
    filter[n++] = ANSWER(SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
