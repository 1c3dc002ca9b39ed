/* Runs the monitor on the clusters of a file and prints the measurements that it stores, one JSON
 * array a line, until stdin ends:  watcher DATA_DIR CLUSTERS.json [quiet] */
#include <event2/event.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "monitor/monitor.h"
#include "store/clusters.h"
#include "store/live.h"

struct watcher {
	struct event_base *base;
	struct store *store;
	struct monitor *monitor;
	const char *file;
	int64_t shown;
	bool is_quiet;
};

static enum err_code save_clusters(struct watcher *w, struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf text = STRBUF_INIT;
	CLEANUP(json_free) struct json *j = NULL;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct cluster_list list;

	TRY(fs_read(w->file, 1 << 20, &text, e));
	TRY(json_parse(strbuf_cstr(&text), text.len, &j, e));
	TRY(cluster_list_from_json(j, a, &list, e));
	for (size_t i = 0; i < list.count; i++)
		TRY(store_cluster_save(w->store, &list.items[i], NULL, e));
	return ERR_OK;
}

static void print_live(struct watcher *w)
{
	CLEANUP(json_free) struct json *out = json_array_new();
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct live_list live = { 0 };
	char *text;

	if (store_live_list(w->store, a, &live, NULL) != ERR_OK)
		return;
	for (size_t i = 0; i < live.count; i++)
		json_append(out, node_live_to_json(&live.items[i]));
	text = json_dumps(out);
	(void)printf("%s\n", text);
	(void)fflush(stdout);
	free_str(&text);
}

static void on_look(evutil_socket_t fd, short what, void *ctx)
{
	struct watcher *w = ctx;
	int64_t version;

	if (store_live_version(w->store, &version, NULL) != ERR_OK || version == w->shown)
		return;
	w->shown = version;
	print_live(w);
}

/* A line on stdin: the file has changed; its end: stop. */
static void on_stdin(evutil_socket_t fd, short what, void *ctx)
{
	struct watcher *w = ctx;
	struct err e = { 0 };
	char line[16];

	if (fgets(line, sizeof(line), stdin) == NULL) {
		(void)event_base_loopbreak(w->base);
		return;
	}
	if (save_clusters(w, &e) != ERR_OK)
		log_err(LOG_ERROR, "watcher", &e);
	monitor_wake(w->monitor, 0);
}

static enum err_code run(struct watcher *w, struct err *e)
{
	const struct monitor_config config = { 0 };
	struct event *look = event_new(w->base, -1, EV_PERSIST, on_look, w);
	struct event *input = event_new(w->base, 0, EV_READ | EV_PERSIST, on_stdin, w);
	const struct timeval often = { .tv_usec = 50000 };

	TRY(save_clusters(w, e));
	TRY(monitor_new(w->base, w->store, &config, &w->monitor, e));
	if (!w->is_quiet)
		(void)event_add(look, &often);
	(void)event_add(input, NULL);
	(void)event_base_dispatch(w->base);
	event_free(look);
	event_free(input);
	monitor_free(&w->monitor);
	return ERR_OK;
}

int main(int argc, char **argv)
{
	struct watcher w = { .shown = -1 };
	struct crypt_key *key = NULL;
	struct err e = { 0 };
	enum err_code code;

	if (argc < 3)
		return 2;
	log_open("watcher", LOG_DEBUG);
	w.file = argv[2];
	w.is_quiet = argc > 3 && str_eq(argv[3], "quiet");
	w.base = event_base_new();
	code = crypt_key_load(argv[1], &key, &e);
	if (code == ERR_OK)
		code = store_open(&(struct store_options){ .dir = argv[1],
		                                           .mode = STORE_READ_WRITE,
		                                           .key = key,
		                                           .group = (gid_t)-1 },
		                  &w.store, &e);
	if (code == ERR_OK)
		code = run(&w, &e);
	if (code != ERR_OK)
		log_err(LOG_ERROR, "watcher", &e);
	store_close(&w.store);
	crypt_key_free(&key);
	event_base_free(w.base);
	return code == ERR_OK ? 0 : 1;
}
