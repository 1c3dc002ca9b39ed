#include <stdio.h>
#include <string.h>

#include "../test.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/job.h"
#include "store/jobs.h"
#include "world.h"

#define CREATE(data)                                                                               \
	"{'operation':'createJobInstance','request_id':3,'request_created':"                       \
	"'2026-11-22T20:01:44.697Z','job':{'class_name':'CmonJobInstance','title':'T','tags':['a'" \
	"],"                                                                                       \
	"'job_spec':{'command':'create_cluster','job_data':" data "}}}"
#define SUCCESS \
	"{'operation':'createJobInstance','job':{'job_spec':{'command':'success','job_data':{}}}"

static void refuses_before_a_job_exists(void **state)
{
	static const struct {
		const char *body, *status, *error;
	} rows[] = {
		{ "{'operation':'createJobInstance','job':{'job_spec':{'command':'execute'}}}",
		  "InvalidRequest", "'execute' is not supported by this controller" },
		{ "{'operation':'createJobInstance'}", "InvalidRequest", "'job' is missing" },
		{ CREATE("{}"), "InvalidRequest", "'job_data.nodes' is missing" },
		{ CREATE("{'version':'15','nodes':[{'hostname':'a','port':70000}],"
		         "'cluster_name':'a\\nb'}"),
		  "InvalidRequest", "'job_data.nodes[0].port'" },
		{ CREATE("{'version':'15','nodes':[{'hostname':'a'}],'remote_cluster_id':99}"),
		  "ObjectNotFound", "cluster 99 was not found" },
		{ CREATE("{'version':'15','nodes':[{'hostname':'a'}],'cluster_name':'source'}"),
		  "InvalidRequest", "The name 'source' is already that of cluster" },
		{ SUCCESS ",'cluster_id':99}", "ObjectNotFound", "Cluster was not found." },
		{ SUCCESS ",'cluster_name':'no'}", "ObjectNotFound", "Cluster was not found." },
		{ "{'operation':'createJobInstance','job':{'scheduled':'2026-12-24 12:00:00',"
		  "'job_spec':{'command':'success'}}}",
		  "InvalidRequest", "cheduled jobs are not supported" },
		{ "{'operation':'createJobInstance','job':{'job_spec':{'command':"
		  "'remove_cluster','job_data':{}}}}",
		  "InvalidRequest", "needs 'cluster_id'" },
		{ "{'operation':'createJobInstance','job':{'job_spec':{'command':"
		  "'remove_cluster','job_data':{'clusterid':99}}}}",
		  "ObjectNotFound", "Cluster was not found." },
		{ "{'operation':'createJobInstance','job':{'job_spec':{'command':"
		  "'remove_cluster','job_data':{'clusterid':1,'server_action':'burn'}}}}",
		  "InvalidRequest", "'job_data.server_action' must be one of leave, stop, remove" },
	};
	struct world *w = *state;

	world_login(w, "dba");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		world_ask(w, "/v2/jobs", rows[i].body);
		world_expect(w, rows[i].status, rows[i].error);
	}
	assert_int_equal(w->calls, 0);
}

static void hands_clean_data_to_the_engine(void **state)
{
	struct world *w = *state;
	const struct json *data, *job;
	CLEANUP(free_str) char *text = NULL;

	world_login(w, "dba");
	world_ask(w, "/v2/jobs/",
	          CREATE("{'version':15,'db_password':'p$','nodes':[{'hostname':'a',"
	                 "'port':'5433'}],'remote_cluster_id':'1','future':1}"));
	world_expect(w, "Ok", NULL);
	assert_string_equal(w->call, "job.create");
	assert_string_equal(json_get_str(w->args, "command"), "create_cluster");
	assert_int_equal(json_get_int(w->args, "cluster_id", -1), 0);
	data = json_get(w->args, "job_data");
	assert_true(json_is_int(json_get(json_at(json_get(data, "nodes"), 0), "port")));
	assert_string_equal(json_get_str(data, "postgre_password"), "p$");
	assert_int_equal(json_get_int(data, "future", 0), 1);
	job = json_get(w->reply, "job");
	assert_string_equal(json_get_str(job, "status"), "DEFINED");
	assert_true(json_get_int(job, "job_id", 0) > 0);
	text = json_dumps(w->reply);
	assert_null(strstr(text, "p$"));
}

static void the_same_request_makes_one_job(void **state)
{
	struct world *w = *state;
	int64_t first;

	world_login(w, "dba");
	world_ask(w, "/v2/jobs", CREATE("{'version':'15','nodes':[{'hostname':'a'}]}"));
	first = json_get_int(json_get(w->reply, "job"), "job_id", 0);
	world_ask(w, "/v2/jobs", CREATE("{'version':'15','nodes':[{'hostname':'a'}]}"));
	assert_int_equal(json_get_int(json_get(w->reply, "job"), "job_id", 0), first);
	world_login(w, "dba"); /* another client that counts its requests the same way */
	world_ask(w, "/v2/jobs", CREATE("{'version':'15','nodes':[{'hostname':'a'}]}"));
	assert_int_not_equal(json_get_int(json_get(w->reply, "job"), "job_id", 0), first);
}

static void finds_the_cluster_of_the_job(void **state)
{
	static const char *const bodies[] = {
		SUCCESS ",'cluster_id':1}",
		SUCCESS ",'cluster_id':'1'}",
		SUCCESS ",'cluster_name':'source'}",
		"{'operation':'createJobInstance','job':{'job_spec':{'command':"
		"'remove_cluster','job_data':{'clusterid':1}}}}",
		"{'operation':'createJobInstance','job':{'job_spec':{'command':"
		"'remove_cluster','job_data':{'clusterid':-1,'cluster_name':'source'}}}}",
	};
	struct world *w = *state;

	assert_int_equal(w->cluster_id, 1);
	world_login(w, "dba");
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		world_ask(w, "/v2/jobs", bodies[i]);
		world_expect(w, "Ok", NULL);
		assert_int_equal(json_get_int(w->args, "cluster_id", 0), 1);
	}
	assert_string_equal(json_get_str(w->args, "title"), "Remove Cluster");
}

static void says_so_when_the_engine_is_away_slow_or_unwilling(void **state)
{
	struct world *w = *state;

	world_configure(w, &(struct rpc_config){ .engine_timeout_ms = 30 });
	world_login(w, "dba");
	w->engine = ENGINE_GONE;
	world_ask(w, "/v2/jobs", SUCCESS "}");
	world_expect(w, "TryAgain", "try again");
	assert_int_equal(w->http_status, 503);
	w->engine = ENGINE_SILENT;
	assert_null(world_ask(w, "/v2/jobs", SUCCESS "}"));
	world_wait(w);
	world_expect(w, "UnknownError", "has not answered in time");
	assert_null(w->answer); /* and is not waited for any more */
	assert_null(world_ask(w, "/v2/jobs", SUCCESS "}"));
	world_answer(w, ERR_UNREACHABLE, "the connection was closed");
	world_expect(w, "TryAgain", "The engine went away before it answered.");
	w->engine = ENGINE_FAILS;
	world_ask(w, "/v2/jobs", SUCCESS "}");
	world_expect(w, "InvalidRequest", "The engine does not want to.");
}

static void a_client_that_left_gets_no_reply(void **state)
{
	struct world *w = *state;
	int before;

	world_login(w, "dba");
	w->engine = ENGINE_SILENT;
	before = w->replies;
	assert_null(world_ask(w, "/v2/jobs", SUCCESS "}"));
	rpc_abandon(w->rpc, w);
	world_answer(w, ERR_OK, NULL);
	assert_int_equal(w->replies, before);
}

static struct json *ask_job(struct world *w, const char *operation, int64_t id, const char *more)
{
	char body[256];

	(void)snprintf(body, sizeof(body), "{'operation':'%s','job_id':%lld%s}", operation,
	               (long long)id, more);
	return world_ask(w, "/v2/jobs", body);
}

static void kills_and_deletes_what_is_there(void **state)
{
	struct world *w = *state;
	int64_t id = world_job(w, "success");

	world_login(w, "dba");
	ask_job(w, "killJobInstance", id, ",'signal':15");
	world_expect(w, "Ok", NULL);
	assert_string_equal(w->call, "job.kill");
	assert_int_equal(json_get_int(w->args, "signal", 0), 15);
	ask_job(w, "deleteJobInstance", 9999, "");
	world_expect(w, "ObjectNotFound", "Job 9999 is not found.");
	assert_int_equal(w->http_status, 404);
}

/* ---- reading ---- */

static void clients_that_do_not_pause_are_slowed_down(void **state)
{
	struct world *w = *state;
	int64_t id = world_job(w, "success"), begun = clock_mono_ms();

	world_login(w, "dba");
	assert_non_null(ask_job(w, "getJobInstance", id, ""));
	assert_null(ask_job(w, "getJobInstance", id, ""));
	world_wait(w);
	world_expect(w, "Ok", NULL);
	assert_true(clock_mono_ms() - begun >= 200);
}

static void a_change_is_told_at_once(void **state)
{
	struct world *w = *state;
	int64_t id = world_job(w, "success");

	world_configure(w, &(struct rpc_config){ .poll_delay_ms = 4000 });
	world_login(w, "dba");
	assert_non_null(ask_job(w, "getJobInstance", id, ""));
	assert_null(ask_job(w, "getJobInstance", id, ""));
	assert_int_equal(store_job_set_state(w->store, id, JOB_FINISHED, NULL, 0, NULL), ERR_OK);
	world_wait(w); /* less than its 5 s */
	assert_string_equal(json_get_str(json_get(w->reply, "job"), "status"), "FINISHED");
	assert_non_null(ask_job(w, "getJobInstance", id, ""));
}

static void running_jobs_give_their_log_in_pages(void **state)
{
	struct world *w = *state;
	int64_t id = world_job(w, "success");
	const struct json *messages;

	for (int i = 0; i < 5; i++) {
		world_message(w, id, JOB_MESSAGE, "a <b> & c");
		world_message(w, id, JOB_DEBUG, "detail");
	}
	world_login(w, "viewer");
	ask_job(w, "getJobLog", id, ",'limit':3,'offset':1,'ascending':true");
	messages = json_get(w->reply, "messages");
	assert_int_equal(json_len(messages), 3);
	assert_int_equal(json_get_int(w->reply, "total", 0), 5);
	assert_string_equal(json_get_str(json_at(messages, 0), "message_text"),
	                    "a &lt;b&gt; &amp; c");
	assert_string_equal(json_get_str(json_at(messages, 0), "message_status"), "JOB_SUCCESS");
	ask_job(w, "getJobLog", id, ",'limit':-1,'offset':-1");
	assert_int_equal(json_len(json_get(w->reply, "messages")), 5);
	ask_job(w, "getJobLog", id, ",'limit':300,'log_level':'DEBUG'");
	assert_int_equal(json_len(json_get(w->reply, "messages")), 10);
}

static void ended_jobs_give_all_that_remains(void **state)
{
	struct world *w = *state;
	int64_t id = world_job(w, "success");

	for (int i = 0; i < 10; i++)
		world_message(w, id, JOB_MESSAGE, "x");
	assert_int_equal(store_job_set_state(w->store, id, JOB_FAILED, NULL, 1, NULL), ERR_OK);
	world_login(w, "dba");
	ask_job(w, "getJobLog", id, ",'limit':3,'offset':2,'ascending':true");
	assert_int_equal(json_len(json_get(w->reply, "messages")), 8);
	assert_string_equal(json_get_str(json_get(w->reply, "job"), "status"), "FAILED");
	ask_job(w, "getJobLog", 4711, "");
	world_expect(w, "ObjectNotFound", "Job 4711 is not found.");
}

static int64_t first_job(const struct world *w)
{
	return json_get_int(json_at(json_get(w->reply, "jobs"), 0), "job_id", 0);
}

static void lists_jobs_newest_first_in_pages(void **state)
{
	struct world *w = *state;
	int64_t last = 0;

	for (int i = 0; i < 5; i++)
		last = world_job(w, "success");
	world_login(w, "viewer");
	world_ask(w, "/v2/jobs", "{'operation':'getJobInstances'}");
	assert_int_equal(json_len(json_get(w->reply, "jobs")), 5);
	assert_int_equal(first_job(w), last);
	world_ask(w, "/v2/jobs", "{'operation':'getJobInstances','limit':2,'offset':1}");
	assert_int_equal(json_len(json_get(w->reply, "jobs")), 2);
	assert_int_equal(first_job(w), last - 1);
	assert_int_equal(json_get_int(w->reply, "total", 0), 5);
	/* a client that pages until nothing comes must come to an end */
	world_ask(w, "/v2/jobs", "{'operation':'getJobInstances','limit':32,'offset':32}");
	assert_int_equal(json_len(json_get(w->reply, "jobs")), 0);
	world_ask(w, "/v2/jobs", "{'operation':'getJobInstances','show_finished':true}");
	assert_int_equal(json_get_int(w->reply, "total", -1), 0);
	world_ask(w, "/v2/jobs", "{'operation':'getJobInstances','cluster_ids':[0,7],'limit':2}");
	assert_int_equal(json_len(json_get(w->reply, "jobs")), 2);
	assert_int_equal(json_get_int(w->reply, "total", 0), 5);
	world_ask(w, "/v2/jobs", "{'operation':'getJobInstances','cluster_name':'no'}");
	world_expect(w, "ObjectNotFound", "Cluster was not found.");
}

static void shows_no_secret_of_a_job(void **state)
{
	struct world *w = *state;
	int64_t id = world_job(w, "success");
	CLEANUP(free_str) char *text = NULL;

	world_login(w, "dba");
	ask_job(w, "getJobInstance", id, "");
	text = json_dumps(w->reply);
	assert_null(strstr(text, "topsecret"));
	assert_non_null(strstr(text, "postgre_password"));
}

static void shows_clusters(void **state)
{
	struct world *w = *state;
	const struct json *cluster;

	world_login(w, "viewer");
	world_ask(w, "/v2/clusters/",
	          "{'operation':'getAllClusterInfo','with_hosts':true,'with_sheet_info':true}");
	world_expect(w, "Ok", NULL);
	assert_int_equal(json_get_int(w->reply, "total", 0), 1);
	cluster = json_at(json_get(w->reply, "clusters"), 0);
	assert_string_equal(json_get_str(cluster, "cluster_name"), "source");
	assert_string_equal(json_get_str(json_at(json_get(cluster, "hosts"), 0), "hostname"),
	                    "10.0.1.1");
	assert_true(json_is_object(json_get(json_get(cluster, "job_statistics"), "by_state")));
	world_ask(w, "/v2/clusters", "{'operation':'getclusterinfo','cluster_name':'source'}");
	world_expect(w, "Ok", NULL);
	assert_int_equal(json_get_int(json_get(w->reply, "cluster"), "cluster_id", 0), 1);
	world_ask(w, "/v2/clusters", "{'operation':'getClusterInfo','cluster_id':99}");
	world_expect(w, "InvalidRequest", "Cluster was not found.");
	world_ask(w, "/v2/clusters", "{'operation':'getClusterInfo','cluster_name':'no'}");
	world_expect(w, "ObjectNotFound", "No CmonCluster instance is available for cluster no.");
	world_ask(w, "/v2/clusters", "{'operation':'getAllClusterInfo','with_tags':['x']}");
	assert_int_equal(json_get_int(w->reply, "total", -1), 0);
}

static void asks_the_engine_to_check_hosts(void **state)
{
	struct world *w = *state;
	const struct json *hosts;

	world_login(w, "dba");
	world_ask(w, "/v2/discovery/",
	          "{'operation':'checkHosts','nodes':[{'hostname':'10.0.1.1'},{'hostname':'b'}],'"
	          "check_ssh_sudo':"
	          "true,'ssh_credentials':{'public_key_file':'/root/.ssh/id_rsa','user_name':"
	          "'vagrant'},'job':{'job_spec':{'command':'create_cluster','job_data':{'a':1}}}}");
	world_expect(w, "Ok", NULL);
	hosts = json_get(w->reply, "checked_hosts");
	assert_string_equal(json_get_str(json_get(json_at(hosts, 0), "host"), "hostname"),
	                    "10.0.1.1");
	assert_string_equal(json_get_str(json_get(json_at(hosts, 0), "status"), "error_code"),
	                    "HostIsOk");
	assert_string_equal(json_get_str(json_get(json_at(hosts, 1), "status"), "error_message"),
	                    "No sudo.");
	assert_string_equal(w->call, "hosts.check");
	assert_string_equal(json_get_str(json_get(w->args, "ssh"), "keyfile"), "/root/.ssh/id_rsa");
	assert_int_equal(json_get_int(json_get(w->args, "job_data"), "a", 0), 1);
	world_ask(w, "/v2/discovery/", "{'operation':'checkHosts','nodes':[]}");
	world_expect(w, "InvalidRequest", "'nodes' must not be empty");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_before_a_job_exists),
		TEST(hands_clean_data_to_the_engine),
		TEST(the_same_request_makes_one_job),
		TEST(finds_the_cluster_of_the_job),
		TEST(says_so_when_the_engine_is_away_slow_or_unwilling),
		TEST(a_client_that_left_gets_no_reply),
		TEST(kills_and_deletes_what_is_there),
		TEST(clients_that_do_not_pause_are_slowed_down),
		TEST(a_change_is_told_at_once),
		TEST(running_jobs_give_their_log_in_pages),
		TEST(ended_jobs_give_all_that_remains),
		TEST(lists_jobs_newest_first_in_pages),
		TEST(shows_no_secret_of_a_job),
		TEST(shows_clusters),
		TEST(asks_the_engine_to_check_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
