// A disk that loses power or fails, for a process that this is preloaded into. It sees what is opened under DISK_ROOT.
//
// Whenever a sync has succeeded, what the file held when it began is kept under DISK_SYNCED, by inode and time of birth: a file as its bytes, a folder as a
// line for each name in it. That, and nothing else, is what a power cut must leave.
//
// While the file DISK_SYNCED/fault exists, writes to regular files ("w"), syncs ("s") or both fail; its first character says which, the rest is the errno.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 4096

static char *paths[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int is_ours(const char *path) {
    const char *root = getenv("DISK_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static void opened(int fd, const char *path) {
    if (fd < 0 || fd >= FILES) return;
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = is_ours(path) ? strdup(path) : NULL;
    pthread_mutex_unlock(&lock);
}

// Whether what is done to this file has to fail: then errno is set.
static int fails(char what, const char *path) {
    if (!path) return 0;
    char name[4096], said[16] = "";
    snprintf(name, sizeof name, "%s/fault", getenv("DISK_SYNCED"));
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
    int fd = real(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t length = read(fd, said, sizeof said - 1);
    close(fd);
    if (length < 2 || (said[0] != what && said[0] != 'b')) return 0;
    errno = atoi(said + 1);
    return 1;
}

// The path of a regular file or folder that is ours; numbers of closed files are given to sockets.
static const char *ours(int fd, mode_t type) {
    struct stat info;
    if (fd < 0 || fd >= FILES || !paths[fd] || fstat(fd, &info) || (info.st_mode & S_IFMT) != type) return NULL;
    return paths[fd];
}

static int key(int folder, const char *name, char *text, size_t size) {
    struct statx info;
    int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
    if (statx(folder, name, flags, STATX_INO | STATX_BTIME, &info)) return -1;
    snprintf(text, size, "%llu-%lld.%u", (unsigned long long)info.stx_ino, (long long)info.stx_btime.tv_sec, info.stx_btime.tv_nsec);
    return S_ISDIR(info.stx_mode) ? 'd' : 'f';
}

static void copy_file(const char *path, FILE *to) {
    FILE *from = fopen(path, "r");
    if (!from) return;
    static char bytes[1 << 16];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, from)) > 0;) fwrite(bytes, 1, n, to);
    fclose(from);
}

static void copy_names(const char *path, FILE *to) {
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char text[80];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        int type = key(dirfd(folder), entry->d_name, text, sizeof text);
        if (type > 0) fprintf(to, "%c %s %s\n", type, text, entry->d_name);
    }
    closedir(folder);
}

static int synced(int fd, const char *call) {
    int (*real)(int) = dlsym(RTLD_NEXT, call);
    const char *file = ours(fd, S_IFREG), *folder = ours(fd, S_IFDIR);
    if (!file && !folder) return real(fd);
    if (fails('s', file ? file : folder)) return -1;
    char text[80], fresh[4096], kept[4200];
    if (key(fd, "", text, sizeof text) < 0) return real(fd);
    pthread_mutex_lock(&lock);
    snprintf(fresh, sizeof fresh, "%s/fresh", getenv("DISK_SYNCED"));
    snprintf(kept, sizeof kept, "%s/%s", getenv("DISK_SYNCED"), text);
    FILE *to = fopen(fresh, "w");
    if (to && file) copy_file(file, to);
    if (to && folder) copy_names(folder, to);
    if (to) fclose(to);
    int result = real(fd), error = errno;
    if (result == 0 && to) rename(fresh, kept);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) { return synced(fd, "fsync"); }

int fdatasync(int fd) { return synced(fd, "fdatasync"); }

static int open_as(const char *call, const char *path, int flags, mode_t mode) {
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, call);
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && is_ours(path) && fails('o', path)) return -1;
    int fd = real(path, flags, mode);
    opened(fd, path);
    return fd;
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_as("open64", path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_as("open", path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    return fails('w', ours(fd, S_IFREG)) ? -1 : real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    return fails('w', ours(fd, S_IFREG)) ? -1 : real(fd, bytes, count, offset);
}

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags) {
    int (*real)(int, off64_t, off64_t, unsigned) = dlsym(RTLD_NEXT, "sync_file_range");
    return fails('s', ours(fd, S_IFREG)) ? -1 : real(fd, offset, count, flags);
}
