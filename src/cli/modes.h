/* What the commands of the table run.  Each sets *STATUS when the exit code is not 0 although
 * nothing went wrong on the way (a job that failed). */
#pragma once

#include "cli/cli.h"

/* Any command that is a job: create it, then follow it when asked to. */
enum err_code run_job(struct cli *c, int *status, struct err *e);
/* Any command that is one request with a short answer. */
enum err_code run_rpc(struct cli *c, int *status, struct err *e);

enum err_code run_cluster_list(struct cli *c, int *status, struct err *e);
enum err_code run_cluster_stat(struct cli *c, int *status, struct err *e);
enum err_code run_cluster_ping(struct cli *c, int *status, struct err *e);
enum err_code run_check_hosts(struct cli *c, int *status, struct err *e);
enum err_code run_job_list(struct cli *c, int *status, struct err *e);
enum err_code run_job_log(struct cli *c, int *status, struct err *e);
enum err_code run_job_follow(struct cli *c, int *status, struct err *e);
enum err_code run_job_wait(struct cli *c, int *status, struct err *e);
enum err_code run_node_list(struct cli *c, int *status, struct err *e);
enum err_code run_node_stat(struct cli *c, int *status, struct err *e);
enum err_code run_replication_list(struct cli *c, int *status, struct err *e);
enum err_code run_user_create(struct cli *c, int *status, struct err *e);
enum err_code run_user_list(struct cli *c, int *status, struct err *e);
enum err_code run_user_whoami(struct cli *c, int *status, struct err *e);
enum err_code run_controller_ping(struct cli *c, int *status, struct err *e);
