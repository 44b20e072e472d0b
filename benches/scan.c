/* What reading costs at the least: the files of an export, read and not understood.
 *
 * scan FILE...    plain reads of 4 MiB, one thread, counting newlines
 * direct FILE...  direct reads of 4 MiB by two threads, to nowhere
 *
 * Built by benches/city with `cc -O2 -pthread`.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4 << 20 };

static char **files;
static int n_files;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int at_file;
static off_t at_offset;

static int open_file(const char *path, int flags) {
  int file = open(path, O_RDONLY | flags);
  if (file < 0) {
    perror(path);
    exit(1);
  }
  return file;
}

static long scan(void) {
  char *block = malloc(BLOCK);
  long lines = 0;
  for (int n = 0; n < n_files; n++) {
    int file = open_file(files[n], 0);
    ssize_t got;
    while ((got = read(file, block, BLOCK)) > 0) {
      char *end = block + got;
      for (char *p = block; (p = memchr(p, '\n', end - p)) != NULL; p++) {
        lines++;
      }
    }
    close(file);
  }
  return lines;
}

/* Takes the next block of any file until there are none. */
static void *read_directly(void *unused) {
  (void)unused;
  void *block;
  if (posix_memalign(&block, 4096, BLOCK) != 0) {
    exit(1);
  }
  int open_n = -1, file = -1;
  for (;;) {
    pthread_mutex_lock(&lock);
    struct stat st;
    while (at_file < n_files && stat(files[at_file], &st) == 0 && st.st_size <= at_offset) {
      at_file++;
      at_offset = 0;
    }
    int n = at_file;
    off_t offset = at_offset;
    at_offset += BLOCK;
    pthread_mutex_unlock(&lock);
    if (n == n_files) {
      return NULL;
    }
    if (n != open_n) {
      if (file >= 0) {
        close(file);
      }
      file = open_file(files[n], O_DIRECT);
      open_n = n;
    }
    if (pread(file, block, BLOCK, offset) < 0) {
      perror(files[n]);
      exit(1);
    }
  }
}

int main(int n, char **words) {
  if (n < 3) {
    fprintf(stderr, "usage: scan scan|direct FILE...\n");
    return 2;
  }
  files = words + 2;
  n_files = n - 2;
  if (strcmp(words[1], "scan") == 0) {
    printf("%ld\n", scan());
    return 0;
  }
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    pthread_create(&threads[i], NULL, read_directly, NULL);
  }
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
  }
  return 0;
}
