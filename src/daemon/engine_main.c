/* The process that owns the store, the jobs and the monitor.  Started by the supervisor only. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypt/seal.h"
#include "daemon/boot.h"
#include "daemon/control.h"
#include "daemon/places.h"
#include "daemon/tls_files.h"
#include "job/engine.h"
#include "monitor/monitor.h"
#include "store/store.h"
#include "store/users.h"

#define STORE_WAIT_MS    5000 /* for an earlier engine to be gone */
#define RESTART_DELAY_MS 200

struct engine {
	struct boot boot;
	char *runner;
	struct crypt_key *key;
	struct store *store;
	struct event_base *base;
	struct event *channel, *terminate, *interrupt;
	struct monitor *monitor;
	struct job_engine *jobs;
	struct control *control;
	struct evconn *api;
};

/* ---- the api ---- */

static void api_message(void *ctx, struct evconn *c, const struct ipc_msg *m)
{
	struct engine *g = ctx;

	job_engine_call(g->jobs, c, m);
}

static void api_drop(struct engine *g)
{
	if (g->api)
		job_engine_forget(g->jobs, g->api);
	evconn_free(&g->api);
}

static void api_ended(void *ctx, struct evconn *c, const struct err *why)
{
	api_drop(ctx); /* the supervisor sends a new one */
}

static const struct evconn_ops api_ops = { api_message, api_ended };

static void api_attach(struct engine *g, struct channel_msg *m)
{
	int fd = channel_take_fd(m, "peer");

	if (fd < 0)
		return;
	api_drop(g);
	g->api = evconn_new(g->base, fd, &api_ops, g);
}

/* ---- the supervisor ---- */

static void on_channel(evutil_socket_t fd, short what, void *ctx)
{
	struct channel_msg m = { 0 };
	struct engine *g = ctx;

	if (channel_recv(CHANNEL_CHILD_FD, &m, NULL) != ERR_OK) {
		event_base_loopbreak(g->base);
		return;
	}
	api_attach(g, &m);
	channel_msg_release(&m);
}

static void on_signal(evutil_socket_t sig, short what, void *ctx)
{
	event_base_loopbreak(ctx);
}

/* ---- others ---- */

static void cluster_changed(void *ctx, int64_t cluster_id)
{
	struct engine *g = ctx;

	if (g->monitor)
		monitor_wake(g->monitor, cluster_id);
}

static struct json *status(void *ctx)
{
	struct engine *g = ctx;
	struct json *j = json_object_new();

	json_set_str(j, "version", PGTANDEM_VERSION);
	json_set_str(j, "controller_id", store_controller_id(g->store));
	json_set_str(j, "data_dir", g->boot.config.data_dir);
	json_set_int(j, "pid", getpid());
	json_set(j, "jobs", job_engine_status(g->jobs));
	return j;
}

static void say_first_user(struct engine *g)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct user_list users;

	if (store_user_list(g->store, a, &users, NULL) != ERR_OK || users.count > 0)
		return;
	log_info("there is no user yet; make the first one with: pgtandem user --create "
	         "--group=admins --generate-key NAME");
}

/* ---- start ---- */

static enum err_code open_store(struct engine *g, struct err *e)
{
	struct store_options o = { .dir = g->boot.config.data_dir, .mode = STORE_READ_WRITE };
	struct api_user u;
	int64_t waited_ms = 0;
	enum err_code rc;

	TRY(places_api_user(&g->boot.config, &u, e));
	TRY(crypt_key_load(o.dir, &g->key, e));
	o.key = g->key;
	o.group = u.switched ? u.gid : (gid_t)-1;
	while ((rc = store_open(&o, &g->store, e)) == ERR_BUSY && waited_ms < STORE_WAIT_MS) {
		clock_sleep_ms(50);
		waited_ms += 50;
	}
	return rc;
}

static enum err_code start_jobs(struct engine *g, struct err *e)
{
	const struct config *c = &g->boot.config;
	struct job_engine_config jobs = { .run_dir = c->run_dir,
		                          .max_jobs = (int)c->max_jobs,
		                          .rpc_port = config_port(c),
		                          .restart_delay_ms = RESTART_DELAY_MS,
		                          .cluster_changed = cluster_changed,
		                          .ctx = g };
	struct monitor_config watch = { .interval_ms = (int)c->monitor_interval_ms };

	CLEANUP(free_str) char *known_hosts = xasprintf("%s/known_hosts", c->data_dir);

	TRY(places_libexec(c, "pgtandem-job", &g->runner, e));
	jobs.runner = g->runner;
	jobs.known_hosts = known_hosts;
	TRY(job_engine_new(g->base, g->store, &jobs, &g->jobs, e));
	return monitor_new(g->base, g->store, &watch, &g->monitor, e);
}

static enum err_code start_loop(struct engine *g, struct err *e)
{
	g->base = event_base_new();
	if (!g->base)
		return err_set(e, ERR_INTERNAL, "no event loop");
	g->channel = event_new(g->base, CHANNEL_CHILD_FD, EV_READ | EV_PERSIST, on_channel, g);
	g->terminate = evsignal_new(g->base, SIGTERM, on_signal, g->base);
	g->interrupt = evsignal_new(g->base, SIGINT, on_signal, g->base);
	event_add(g->channel, NULL);
	event_add(g->terminate, NULL);
	event_add(g->interrupt, NULL);
	return ERR_OK;
}

static enum err_code start(struct engine *g, struct err *e)
{
	/* what is made belongs to us, its group may read */
	umask(027);
	TRY(open_store(g, e));
	TRY(tls_files_ensure(&g->boot.config, e));
	TRY(start_loop(g, e));
	TRY(start_jobs(g, e));
	g->control =
	        control_new(g->base, channel_take_fd(&g->boot.msg, "control"), g->jobs, status, g);
	api_attach(g, &g->boot.msg);
	say_first_user(g);
	boot_ready();
	return ERR_OK;
}

static void release(struct engine *g)
{
	struct event **events[] = { &g->channel, &g->terminate, &g->interrupt };

	control_free(&g->control);
	if (g->jobs)
		api_drop(g);
	job_engine_free(&g->jobs);
	monitor_free(&g->monitor);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (*events[i])
			event_free(*events[i]);
	}
	if (g->base)
		event_base_free(g->base);
	store_close(&g->store);
	crypt_key_free(&g->key);
	free(g->runner);
	boot_release(&g->boot);
}

int main(void)
{
	struct engine g = { 0 };
	struct err e = { 0 };
	int code = BOOT_EXIT_CONFIG;

	boot_process();
	/* no core file and no debugger: keys are in this memory */
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (boot_child("engine", &g.boot, &e) == ERR_OK && start(&g, &e) == ERR_OK) {
		(void)event_base_dispatch(g.base);
		code = EXIT_SUCCESS;
	} else {
		log_err(LOG_ERROR, "start", &e);
	}
	release(&g);
	return code;
}
