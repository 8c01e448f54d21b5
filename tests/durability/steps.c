/* Preloaded into a process: counts its steps on the files under $STEPS_UNDER, and stops it at a chosen one.

   A step is a call by which files change, or are locked: made, written, flushed, cut, renamed, removed. At step
   $STEPS_AT, or from it on, the process meets $STEPS_DO:
     kill   SIGKILL before the step is done
     tear   SIGKILL after half of a write is done
     full   this step and all later ones that need space fail with ENOSPC
   The steps are noted, one a line, in the file $STEPS_LOG. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int steps;

static int is_under(const char *path) {
    const char *under = getenv("STEPS_UNDER");
    return under && path && strncmp(path, under, strlen(under)) == 0;
}

static int fd_is_under(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_under(path);
}

static void note(const char *what) {
    const char *path = getenv("STEPS_LOG");
    if (!path) return;
    static ssize_t (*real_write)(int, const void *, size_t);
    static int (*real_open)(const char *, int, ...);
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    if (!real_open) real_open = dlsym(RTLD_NEXT, "open");
    int fd = real_open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0) return;
    real_write(fd, what, strlen(what));
    real_write(fd, "\n", 1);
    close(fd);
}

/* 0: go on; 1: fail with ENOSPC; 2: do half, then call die() */
static int step(const char *what, int needs_space) {
    const char *at = getenv("STEPS_AT"), *act = getenv("STEPS_DO");
    int number = __sync_add_and_fetch(&steps, 1);
    note(what);
    if (!at || !act || !*act || number < atoi(at)) return 0;
    if (strcmp(act, "full") == 0) return needs_space;
    if (number > atoi(at)) return 0;
    if (strcmp(act, "tear") == 0 && needs_space == 2) return 2;
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list rest; va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (flags & (O_CREAT | O_TRUNC) && is_under(path)) { \
            struct stat found; \
            int is_new = stat(path, &found) != 0; \
            if ((is_new || flags & O_TRUNC) && step("open " #name, is_new)) { errno = ENOSPC; return -1; } \
        } \
        return real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *content, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (fd > 2 && fd_is_under(fd)) {
        int todo = step("write", 2);
        if (todo && getenv("STEPS_DO")[0] == 'f') { errno = ENOSPC; return -1; }
        if (todo == 2) { real(fd, content, size / 2); die(); }
    }
    return real(fd, content, size);
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *content, size_t size, off_t offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, off_t); \
        if (fd_is_under(fd)) { \
            int todo = step(#name, 2); \
            if (todo && getenv("STEPS_DO")[0] == 'f') { errno = ENOSPC; return -1; } \
            if (todo == 2) { real(fd, content, size / 2, offset); die(); } \
        } \
        return real(fd, content, size, offset); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define ON_FD(name, needs_space, parameters, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        if (!real) real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (fd_is_under(fd) && step(#name, needs_space)) { errno = ENOSPC; return -1; } \
        return real arguments; \
    }
ON_FD(fsync, 1, (int fd), (fd))
ON_FD(fdatasync, 1, (int fd), (fd))
ON_FD(ftruncate, 0, (int fd, off_t size), (fd, size))
ON_FD(ftruncate64, 0, (int fd, off_t size), (fd, size))
ON_FD(flock, 0, (int fd, int mode), (fd, mode))

#define ON_PATH(name, needs_space, parameters, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        if (!real) real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (is_under(path) && step(#name, needs_space)) { errno = ENOSPC; return -1; } \
        return real arguments; \
    }
ON_PATH(rename, 1, (const char *path, const char *to), (path, to))
ON_PATH(unlink, 0, (const char *path), (path))
ON_PATH(remove, 0, (const char *path), (path))
ON_PATH(mkdir, 1, (const char *path, mode_t mode), (path, mode))
ON_PATH(chmod, 0, (const char *path, mode_t mode), (path, mode))
