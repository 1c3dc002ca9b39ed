/* Runs a fuzz target over the files of its corpus, for builds without libFuzzer. */
#include <dirent.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/mem.h"
#include "fuzz.h"

#define INPUT_MAX (1u << 20)

static int replay(const char *dir, const char *name)
{
	CLEANUP(free_str) char *path = xasprintf("%s/%s", dir, name);
	struct strbuf data = STRBUF_INIT;
	struct err e = { 0 };
	unsigned char *exact;

	if (fs_read(path, INPUT_MAX, &data, &e) != ERR_OK) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	printf("%s\n", name);
	fflush(stdout);
	/* A block of the exact size, so that a read behind the end is seen. */
	exact = xcalloc(data.len, 1);
	for (size_t i = 0; i < data.len; i++)
		exact[i] = (unsigned char)data.data[i];
	LLVMFuzzerTestOneInput(exact, data.len);
	free(exact);
	strbuf_release(&data);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	int passed = 0, failed = 0;

	if (!dir) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(argv[1], entry->d_name) == 0)
			passed++;
		else
			failed++;
	}
	closedir(dir);
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}
