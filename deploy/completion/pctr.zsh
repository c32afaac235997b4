#compdef pctr
# Written by deploy/completion/generate.py: do not edit.
# Goes to /usr/share/zsh/vendor-completions/_pctr.

_pctr() {
    local -a commands=(
        'demo:see it all in one process, in under a minute'
        'feed:publish a data set or a synthetic world as events'
        'score:turn impressions into predictions'
        'train:learn from clicks and publish models'
        'replay:read the history again and compare models on it'
        'snapshot:list, show, compare and fetch published models, pin, roll back'
        'cat:show the records of a topic as JSON lines'
        'verify:make predictions again and compare them bit for bit'
        'redrive:put dead letters back on the topics they came from, once each'
        'topics:create and check the topics that the other commands use'
        'fit:learn a model from a file and keep it as a snapshot'
        'predict:score the pairs of a file, or a topic, with a snapshot'
        'top:the best ads for a user, or for all'
        'similar:the users or ads that are most like one'
        'cv:cross-validate models on a file'
        'tune:search hyper-parameters on a file'
    )

    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case $words[2] in
    demo)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--rate=[impressions a second]:value:_files' \
            '--format=[format of FILE]:value:(auto csv arff movielens)' \
            '--separator=[separator of the columns, as]:value:_files' \
            '--header=[whether the first line names the columns]:value:(auto yes no)' \
            '--column.user=[column with the user]:value:_files' \
            '--column.ad=[column with the ad]:value:_files' \
            '--column.click=[column with the label]:value:_files' \
            '--click.min=[least label that is a click]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--model.algorithm=[algorithm of the trainer]:value:_files' \
            '--model.params=[its parameters, as '\''factors=20'\'']:value:_files' \
            '--retrain.rows=[number of new rows that starts a fit]:value:_files' \
            '--publish.every_ms=[time between two deltas, which bring scorers what was learned since]:value:_files' \
            '--rows=[impressions of the synthetic world]:value:_files' \
            '--users=[users of the world]:value:_files' \
            '--ads=[ads of the world]:value:_files' \
            '--seed=[seed of the world and of the model]:value:_files' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    feed)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--rate=[impressions a second]:value:_files' \
            '--rejects=[file for the line and the reason of each rejected row]:value:_files' \
            '--json[print the final account as JSON]' \
            '--spool.dir=[folder for rows that memory does not hold]:value:_files' \
            '--format=[format of FILE]:value:(auto csv arff movielens)' \
            '--separator=[separator of the columns, as]:value:_files' \
            '--header=[whether the first line names the columns]:value:(auto yes no)' \
            '--column.user=[column with the user]:value:_files' \
            '--column.ad=[column with the ad]:value:_files' \
            '--column.click=[column with the label]:value:_files' \
            '--click.min=[least label that is a click]:value:_files' \
            '--column.ts=[column with the time, a number or 2026-11-24T12]:value:_files' \
            '--ts.unit=[what the numbers of column.ts count, since 1970]:value:(auto s ms us ns yymmddhh)' \
            '--column.id=[column with the impression'\''s id]:value:_files' \
            '--id.start=[number of the first row]:value:_files' \
            '--extras=[further columns that go into the event]:value:_files' \
            '--extras.without=[columns that extras=all leaves out because they tell the label]:value:_files' \
            '--topic.impressions=[impressions]:value:_files' \
            '--topic.labels=[labels]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--field.id=[field with the unique id of the impression]:value:_files' \
            '--field.ts=[field with the event time]:value:_files' \
            '--field.user=[field with the user'\''s id]:value:_files' \
            '--field.ad=[field with the ad'\''s id]:value:_files' \
            '--field.click=[field of a label from 0 to 1]:value:_files' \
            '--format.impressions=[how impressions are written]:value:(msgpack json avro auto)' \
            '--format.labels=[how labels are written]:value:(msgpack json avro auto)' \
            '--field.ts.unit=[unit that event times are written in]:value:(ms s us ns auto)' \
            '--field.click.values=[words that field.click is written as, with their meaning from 0 to 1, as click]:value:_files' \
            '--filter.impressions=[a field that all impressions carry, as type==view]:value:_files' \
            '--filter.labels=[a field that all labels carry, as type==click]:value:_files' \
            '--registry.url=[schema registry of records in Avro, as https]:value:_files' \
            '--registry.user=[user of the registry]:value:_files' \
            '--registry.password=[password of that user]:value:_files' \
            '--registry.token=[bearer token for the registry, in place of a user]:value:_files' \
            '--registry.ca=[file of certificates that the registry'\''s is signed by]:value:_files' \
            '--registry.dir=[folder for copies of schemas, for a time without the registry]:value:_files' \
            '--registry.wait_ms=[how long a record waits for its schema before it becomes a dead letter, once for as long as the registry is away]:value:_files' \
            '--registry.timeout_ms=[how long to wait for an answer of the registry]:value:_files' \
            '--registry.register[register our schemas where the registry does not have them, as TOPIC-value]' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--clock=[event times of rows without one]:value:(steps wall)' \
            '--clock.start=[event time of the first row]:value:_files' \
            '--clock.step_ms=[event time between two rows]:value:_files' \
            '--labels=[send labels for clicks only, as in life, or for zeros too]:value:(clicks all)' \
            '--label.delay_ms=[mean time from impression to label]:value:_files' \
            '--label.pairs[labels carry user and ad, so that no join is needed]' \
            '--world[feed a synthetic world in place of a file]' \
            '--world.rows=[impressions of the world]:value:_files' \
            '--world.users=[users of the world]:value:_files' \
            '--world.ads=[ads of the world]:value:_files' \
            '--seed=[seed of the delays and of the world]:value:_files' \
            '--world.rank=[dimensions of the users'\'' taste]:value:_files' \
            '--world.click_rate=[click rate of an average pair]:value:_files' \
            '--world.spread=[standard deviation of users'\'' and ads'\'' biases, in logits]:value:_files' \
            '--world.affinity=[standard deviation of the taste, in logits]:value:_files' \
            '--world.zipf=[exponent of the long tail of activity]:value:_files' \
            '--world.drift=[radians that the ads'\'' biases turn over all rows]:value:_files' \
            '--world.truth=[file for the true click probabilities]:value:_files' \
            '--world.truth_field=[field of the impressions that carries the true click probability, for pctr replay field]:value:_files' \
            '--sort.max_bytes=[memory to sort rows by event time in]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    score)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--topic.impressions=[impressions]:value:_files' \
            '--topic.predictions=[predictions of the scorers]:value:_files' \
            '--topic.dead_letters=[records that could not be read, each with its reason]:value:_files' \
            '--topic.models=[manifests of the published models]:value:_files' \
            '--topic.chunks=[bytes of the published models]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--field.id=[field with the unique id of the impression]:value:_files' \
            '--field.ts=[field with the event time]:value:_files' \
            '--field.user=[field with the user'\''s id]:value:_files' \
            '--field.ad=[field with the ad'\''s id]:value:_files' \
            '--format.impressions=[how impressions are written]:value:(msgpack json avro auto)' \
            '--field.ts.unit=[unit of event times that are numbers]:value:(ms s us ns auto)' \
            '--filter.impressions=[which records are impressions, as type==view]:value:_files' \
            '--registry.url=[schema registry of records in Avro, as https]:value:_files' \
            '--registry.user=[user of the registry]:value:_files' \
            '--registry.password=[password of that user]:value:_files' \
            '--registry.token=[bearer token for the registry, in place of a user]:value:_files' \
            '--registry.ca=[file of certificates that the registry'\''s is signed by]:value:_files' \
            '--registry.dir=[folder for copies of schemas, for a time without the registry]:value:_files' \
            '--registry.wait_ms=[how long a record waits for its schema before it becomes a dead letter, once for as long as the registry is away]:value:_files' \
            '--registry.timeout_ms=[how long to wait for an answer of the registry]:value:_files' \
            '--registry.register[register our schemas where the registry does not have them, as TOPIC-value]' \
            '--format.predictions=[how predictions are written]:value:(msgpack json avro)' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--field.default=[values of fields that a question lacks, as position]:value:_files' \
            '--model.name=[name under which models are published]:value:_files' \
            '--trusted.keys=[files of public keys, comma separated]:value:_files' \
            '--no_model.policy=[before the first model]:value:(prior wait)' \
            '--no_model.p=[click probability that is predicted while there is no model]:value:_files' \
            '--model.catch_up_ms=[how long one look at the newest model takes]:value:_files' \
            '--model.load_deadline_ms=[time after which a published model whose chunks did not come is refused]:value:_files' \
            '--state.dir=[folder for a local copy of the model]:value:_files' \
            '--workers=[scoring threads, each with its own consumer and producer]:value:_files' \
            '--group=[consumer group that shares the partitions]:value:_files' \
            '--slot=[name of this process within the group]:value:_files' \
            '--delivery=[exactly-once needs readers with isolation.level=read_committed]:value:(exactly-once at-least-once)' \
            '--offset.start=[where a new group begins]:value:(earliest latest)' \
            '--offset.lost=[where to go on when the committed offset is gone]:value:(earliest latest fail)' \
            '--exit.at_end[stop when every partition is scored to its end]' \
            '--commit.interval_ms=[time between two commits]:value:_files' \
            '--commit.max_events=[records in one transaction]:value:_files' \
            '--transaction.timeout_ms=[time after which the broker aborts the transaction of a dead scorer]:value:_files' \
            '--batch.max_events=[records scored together]:value:_files' \
            '--predictions.linger_ms=[how long a prediction waits for others to be sent with it]:value:_files' \
            '--predictions.compression=[compression of predictions]:value:_files' \
            '--dead_letters.max_share=[share of bad records among the last 10000 of a partition above which its dead letters are slowed down]:value:_files' \
            '--dead_letters.rate_max=[dead letters of such a partition in a second]:value:_files' \
            '--http.address=[address to listen on]:value:_files' \
            '--http.port=[port of /metrics, /livez, /readyz and /version]:value:_files' \
            '--http.probe_port=[second port, for /livez and /readyz only, which no client of http.port can block]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--memory.huge_pages[start over with malloc on huge pages, unless GLIBC_TUNABLES is set]' \
            '--shutdown.deadline_ms=[time after SIGTERM until the process ends whatever it is doing]:value:_files' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '--test.crash=[SIGKILL at this step of a transaction]:value:_files' \
            '--test.crash_after=[transactions that pass the step before]:value:_files' \
            '--test.random_aborts=[abort about one transaction in N]:value:_files' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    train)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--topic.impressions=[impressions]:value:_files' \
            '--topic.labels=[labels]:value:_files' \
            '--topic.dead_letters=[records that could not be read, each with its reason]:value:_files' \
            '--topic.models=[manifests of the published models]:value:_files' \
            '--topic.chunks=[bytes of the published models]:value:_files' \
            '--topic.predictions=[predictions of the scorers]:value:_files' \
            '--topic.evaluations=[how good the models in service were, window by window]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--field.id=[field with the unique id of the impression]:value:_files' \
            '--field.ts=[field with the event time]:value:_files' \
            '--field.user=[field with the user'\''s id]:value:_files' \
            '--field.ad=[field with the ad'\''s id]:value:_files' \
            '--format.impressions=[how impressions are written]:value:(msgpack json avro auto)' \
            '--field.ts.unit=[unit of event times that are numbers]:value:(ms s us ns auto)' \
            '--filter.impressions=[which records are impressions, as type==view]:value:_files' \
            '--format.labels=[how labels are written]:value:(msgpack json avro auto)' \
            '--field.click.values=[values of field.click with their meaning from 0 to 1, as click]:value:_files' \
            '--filter.labels=[which records are labels, as type==click]:value:_files' \
            '--registry.url=[schema registry of records in Avro, as https]:value:_files' \
            '--registry.user=[user of the registry]:value:_files' \
            '--registry.password=[password of that user]:value:_files' \
            '--registry.token=[bearer token for the registry, in place of a user]:value:_files' \
            '--registry.ca=[file of certificates that the registry'\''s is signed by]:value:_files' \
            '--registry.dir=[folder for copies of schemas, for a time without the registry]:value:_files' \
            '--registry.wait_ms=[how long a record waits for its schema before it becomes a dead letter, once for as long as the registry is away]:value:_files' \
            '--registry.timeout_ms=[how long to wait for an answer of the registry]:value:_files' \
            '--registry.register[register our schemas where the registry does not have them, as TOPIC-value]' \
            '--format.evaluations=[how evaluations are written]:value:(msgpack json avro)' \
            '--field.click=[field of a label from 0 to 1]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--model.name=[name under which models are published]:value:_files' \
            '--model.algorithm=[algorithm that is fit]:value:_files' \
            '--model.params=[its parameters, as '\''factors=20 epochs=20'\'']:value:_files' \
            '--model.seed=[seed of the model'\''s random numbers]:value:_files' \
            '--model.low=[lowest prediction]:value:_files' \
            '--model.high=[highest prediction]:value:_files' \
            '--signing.key=[file of the key that signs published models]:value:_files' \
            '--model.chunk_bytes=[size of a published record]:value:_files' \
            '--retrain.every_ms=[time between two models while there are new rows]:value:_files' \
            '--publish.every_ms=[time between two deltas, which bring scorers what fields, and the biases of baseline, svd and svdpp, learned since the newest snapshot]:value:_files' \
            '--retrain.rows=[number of new rows that starts a fit]:value:_files' \
            '--retrain.min_rows=[least number of rows to train on]:value:_files' \
            '--exit.at_end[learn once from the records that are there now, publish, and exit]' \
            '--history_ms=[how far back reading starts]:value:_files' \
            '--join=[labels meet impressions by id, or carry user and ad themselves]:value:(impressions labels)' \
            '--join.window_ms=[event time that a click may take]:value:_files' \
            '--join.late_ms=[event time after the window in which a click still corrects its impression]:value:_files' \
            '--training.max_age_ms=[event time to learn from]:value:_files' \
            '--merge.linger_ms=[how long a live record waits for older ones of other partitions]:value:_files' \
            '--bad_records=[labels that cannot be read go to the dead letters, are skipped, or stop the trainer]:value:(dlq skip fail)' \
            '--holdout=[share of the newest rows that a model is measured on before it is fit again on all rows and published]:value:_files' \
            '--calibrate[turn scores into click probabilities]' \
            '--evaluate[judge the models in service by their predictions, window by window]' \
            '--evaluation.window_ms=[event time of a window]:value:_files' \
            '--join.pending_max=[impressions and labels that the join remembers, about 72 bytes each, and 8 for each field of a model that learns online]:value:_files' \
            '--training.max_rows=[newest rows to learn from, 24 bytes each, and 60 more while a model of the family is fitted]:value:_files' \
            '--training.max_ids=[users and ads together that a model knows]:value:_files' \
            '--evaluation.max_rows=[impressions of windows that are not judged yet, about 80 bytes each]:value:_files' \
            '--fetch.max_bytes=[memory for records fetched ahead, of all partitions together]:value:_files' \
            '--dead_letters.max_share=[share of a partition'\''s last 10000 labels]:value:_files' \
            '--http.address=[address to listen on]:value:_files' \
            '--http.port=[port of /metrics, /livez, /readyz and /version]:value:_files' \
            '--http.probe_port=[second port, for /livez and /readyz only, which no client of http.port can block]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--shutdown.deadline_ms=[time after SIGTERM until the process ends whatever it is doing]:value:_files' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    replay)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--last=[span of time up to now, as 24h]:value:_files' \
            '--from=[record time to begin at]:value:_files' \
            '--to=[record time, or offsets, to end before]:value:_files' \
            '--html=[file for the page with the plots]:value:_files' \
            '--json[print lines of JSON in place of tables]' \
            '--predictions.file=[CSV file for every prediction]:value:_files' \
            '--predictions.topic=[topic for every prediction, with the field contender]:value:_files' \
            '--predictions.force[predictions.topic may be topic.predictions, which the scorers write]' \
            '--spool.dir=[folder for rows that memory does not hold]:value:_files' \
            '--topic.impressions=[impressions]:value:_files' \
            '--topic.labels=[labels]:value:_files' \
            '--topic.predictions=[predictions of the scorers]:value:_files' \
            '--topic.models=[manifests of the published models]:value:_files' \
            '--topic.chunks=[bytes of the published models]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--field.id=[field with the unique id of the impression]:value:_files' \
            '--field.ts=[field with the event time]:value:_files' \
            '--field.user=[field with the user'\''s id]:value:_files' \
            '--field.ad=[field with the ad'\''s id]:value:_files' \
            '--format.impressions=[how impressions are written]:value:(msgpack json avro auto)' \
            '--field.ts.unit=[unit of event times that are numbers]:value:(ms s us ns auto)' \
            '--filter.impressions=[which records are impressions, as type==view]:value:_files' \
            '--format.labels=[how labels are written]:value:(msgpack json avro auto)' \
            '--field.click.values=[values of field.click with their meaning from 0 to 1, as click]:value:_files' \
            '--filter.labels=[which records are labels, as type==click]:value:_files' \
            '--registry.url=[schema registry of records in Avro, as https]:value:_files' \
            '--registry.user=[user of the registry]:value:_files' \
            '--registry.password=[password of that user]:value:_files' \
            '--registry.token=[bearer token for the registry, in place of a user]:value:_files' \
            '--registry.ca=[file of certificates that the registry'\''s is signed by]:value:_files' \
            '--registry.dir=[folder for copies of schemas, for a time without the registry]:value:_files' \
            '--registry.wait_ms=[how long a record waits for its schema before it becomes a dead letter, once for as long as the registry is away]:value:_files' \
            '--registry.timeout_ms=[how long to wait for an answer of the registry]:value:_files' \
            '--registry.register[register our schemas where the registry does not have them, as TOPIC-value]' \
            '--format.predictions=[how predictions are written]:value:(msgpack json avro)' \
            '--field.click=[field of a label from 0 to 1]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--field.default=[values of fields that a question lacks, as position]:value:_files' \
            '--model.name=[name under which models are published]:value:_files' \
            '--trusted.keys=[files of public keys, comma separated]:value:_files' \
            '--no_model.p=[click probability that is predicted while there is no model]:value:_files' \
            '--refit.every_ms=[event time between two fits of a contender refit]:value:_files' \
            '--publish.every_ms=[event time after which a contender online]:value:_files' \
            '--refit.min_rows=[least number of rows to fit on]:value:_files' \
            '--holdout=[share of the newest rows that calibrate a refit, as pctr train has it]:value:_files' \
            '--calibrate[turn scores of refits into click probabilities]' \
            '--history_ms=[record time before the range that contenders learn from and that is not counted]:value:_files' \
            '--join=[labels meet impressions by id, or carry user and ad themselves]:value:(impressions labels)' \
            '--join.window_ms=[event time that a click may take]:value:_files' \
            '--join.late_ms=[event time after the window in which a click still corrects its impression]:value:_files' \
            '--training.max_age_ms=[event time to learn from]:value:_files' \
            '--slice=[fields of the impressions to report by, comma separated, at most 4]:value:_files' \
            '--slice.max_values=[values of a field that are reported]:value:_files' \
            '--report.window_ms=[event time of a line of the report]:value:_files' \
            '--bootstrap=[replicates for the intervals]:value:_files' \
            '--bootstrap.seed=[seed of their random numbers]:value:_files' \
            '--bootstrap.level=[confidence level of the intervals]:value:_files' \
            '--join.pending_max=[impressions and labels that the join remembers, about 72 bytes each, and 8 for each field of a model that learns online]:value:_files' \
            '--training.max_rows=[newest rows to learn from, 24 bytes each, and 60 more while a model of the family is fitted]:value:_files' \
            '--training.max_ids=[users and ads together that a model knows]:value:_files' \
            '--rows.max=[impressions of a range]:value:_files' \
            '--sort.max_bytes=[memory to sort predictions in]:value:_files' \
            '--fetch.max_bytes=[memory for records fetched ahead, of all partitions together]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    snapshot)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--output=[file that fetch writes]:value:_files' \
            '--json[list, show and diff print JSON, one object a line]' \
            '--topic.models=[manifests of the published models]:value:_files' \
            '--topic.chunks=[bytes of the published models]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--model.name=[name under which models are published]:value:_files' \
            '--trusted.keys=[files of public keys, comma separated]:value:_files' \
            '--signing.key=[file of the key that signs published models]:value:_files' \
            '--timeout_ms=[how long to wait for an answer of the broker]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    cat)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--last=[number of newest records to show]:value:_files' \
            '-f[go on with new records until SIGINT or SIGTERM]' \
            '--follow[go on with new records until SIGINT or SIGTERM]' \
            '--guess[show no records but what they look like, and the settings that read them]' \
            '--from=[first record]:value:_files' \
            '--to=[first record that is left out, written as --from]:value:_files' \
            '-c[end after this number of records]:value:_files' \
            '--count=[end after this number of records]:value:_files' \
            '-p[show this partition only]:value:_files' \
            '--partition=[show this partition only]:value:_files' \
            '--topic=[any topic, in place of one of pctr'\''s]:value:_files' \
            '--as=[kind of the records]:value:_files' \
            '--topic.impressions=[impressions]:value:_files' \
            '--topic.labels=[labels]:value:_files' \
            '--topic.predictions=[predictions of the scorers]:value:_files' \
            '--topic.models=[manifests of the published models]:value:_files' \
            '--topic.chunks=[bytes of the published models]:value:_files' \
            '--topic.dead_letters=[records that could not be read, each with its reason]:value:_files' \
            '--topic.evaluations=[how good the models in service were, window by window]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--field.id=[field with the unique id of the impression]:value:_files' \
            '--field.ts=[field with the event time]:value:_files' \
            '--field.user=[field with the user'\''s id]:value:_files' \
            '--field.ad=[field with the ad'\''s id]:value:_files' \
            '--format.impressions=[how impressions are written]:value:(msgpack json avro auto)' \
            '--field.ts.unit=[unit of event times that are numbers]:value:(ms s us ns auto)' \
            '--filter.impressions=[which records are impressions, as type==view]:value:_files' \
            '--format.labels=[how labels are written]:value:(msgpack json avro auto)' \
            '--field.click.values=[values of field.click with their meaning from 0 to 1, as click]:value:_files' \
            '--filter.labels=[which records are labels, as type==click]:value:_files' \
            '--registry.url=[schema registry of records in Avro, as https]:value:_files' \
            '--registry.user=[user of the registry]:value:_files' \
            '--registry.password=[password of that user]:value:_files' \
            '--registry.token=[bearer token for the registry, in place of a user]:value:_files' \
            '--registry.ca=[file of certificates that the registry'\''s is signed by]:value:_files' \
            '--registry.dir=[folder for copies of schemas, for a time without the registry]:value:_files' \
            '--registry.wait_ms=[how long a record waits for its schema before it becomes a dead letter, once for as long as the registry is away]:value:_files' \
            '--registry.timeout_ms=[how long to wait for an answer of the registry]:value:_files' \
            '--field.click=[field of a label from 0 to 1]:value:_files' \
            '--timeout_ms=[how long to wait for an answer of the broker]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    verify)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--from=[first record]:value:_files' \
            '--to=[first record that is left out, written as --from]:value:_files' \
            '--every=[verify a sample]:value:_files' \
            '--shown=[findings that are shown in full]:value:_files' \
            '--json[print findings and the account as JSON, one object a line]' \
            '--topic.predictions=[predictions of the scorers]:value:_files' \
            '--topic.impressions=[impressions]:value:_files' \
            '--topic.models=[manifests of the published models]:value:_files' \
            '--topic.chunks=[bytes of the published models]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--field.id=[field with the unique id of the impression]:value:_files' \
            '--field.ts=[field with the event time]:value:_files' \
            '--field.user=[field with the user'\''s id]:value:_files' \
            '--field.ad=[field with the ad'\''s id]:value:_files' \
            '--format.impressions=[how impressions are written]:value:(msgpack json avro auto)' \
            '--field.ts.unit=[unit of event times that are numbers]:value:(ms s us ns auto)' \
            '--filter.impressions=[which records are impressions, as type==view]:value:_files' \
            '--registry.url=[schema registry of records in Avro, as https]:value:_files' \
            '--registry.user=[user of the registry]:value:_files' \
            '--registry.password=[password of that user]:value:_files' \
            '--registry.token=[bearer token for the registry, in place of a user]:value:_files' \
            '--registry.ca=[file of certificates that the registry'\''s is signed by]:value:_files' \
            '--registry.dir=[folder for copies of schemas, for a time without the registry]:value:_files' \
            '--registry.wait_ms=[how long a record waits for its schema before it becomes a dead letter, once for as long as the registry is away]:value:_files' \
            '--registry.timeout_ms=[how long to wait for an answer of the registry]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--field.default=[values of fields that a question lacks, as position]:value:_files' \
            '--model.name=[name under which models are published]:value:_files' \
            '--trusted.keys=[files of public keys, comma separated]:value:_files' \
            '--no_model.p=[click probability that is predicted while there is no model]:value:_files' \
            '--state.dir=[folder of a scorer, for models that Kafka has no more]:value:_files' \
            '--cache.max_bytes=[memory for the models that are held at a time]:value:_files' \
            '--timeout_ms=[how long to wait for an answer of the broker]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    redrive)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--reason=[only letters with one of these reasons, comma separated]:value:_files' \
            '--from=[first record]:value:_files' \
            '--to=[first record that is left out, written as --from]:value:_files' \
            '--dry_run[only say which letters would go back]' \
            '--json[print the account as JSON]' \
            '--topic.others=[further topics that records may go back to, comma separated]:value:_files' \
            '--topic.dead_letters=[records that could not be read, each with its reason]:value:_files' \
            '--topic.impressions=[impressions]:value:_files' \
            '--topic.labels=[labels]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--group=[consumer group whose offsets keep the progress]:value:_files' \
            '--batch.max_events=[letters in one transaction]:value:_files' \
            '--timeout_ms=[how long to wait for an answer of the broker]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    topics)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--check[create nothing, only check]' \
            '--partitions=[partitions of each topic of events]:value:_files' \
            '--replicas=[copies of each partition]:value:_files' \
            '--history[keep events for ever]' \
            '--chunks.max_bytes=[bytes of old models that are kept]:value:_files' \
            '--topic.impressions=[impressions]:value:_files' \
            '--topic.labels=[labels]:value:_files' \
            '--topic.predictions=[predictions of the scorers]:value:_files' \
            '--topic.dead_letters=[records that could not be read, each with its reason]:value:_files' \
            '--topic.models=[manifests of the published models]:value:_files' \
            '--topic.chunks=[bytes of the published models]:value:_files' \
            '--topic.evaluations=[how good the models in service were, window by window]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--timeout_ms=[how long to wait for an answer of the broker]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    fit)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--output=[file for the snapshot]:value:_files' \
            '--show_matrix=[print the first users x ads, as 10x10, in place of fitting]:value:_files' \
            '--format=[format of FILE]:value:(auto csv arff movielens)' \
            '--separator=[separator of the columns, as]:value:_files' \
            '--header=[whether the first line names the columns]:value:(auto yes no)' \
            '--column.user=[column with the user]:value:_files' \
            '--column.ad=[column with the ad]:value:_files' \
            '--column.click=[column with the label]:value:_files' \
            '--click.min=[least label that is a click]:value:_files' \
            '--column.ts=[column with the time, read where the split needs one]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--fields=[columns that the model fields learns from, as user,ad,position,user*ad]:value:_files' \
            '--scale=[lowest..highest label, as 0..1]:value:_files' \
            '--model=[algorithm]:value:_files' \
            '--params=[its parameters, as '\''factors=50 epochs=10'\'']:value:_files' \
            '--figures.max_rows=[rows that the figures are made of]:value:_files' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    predict)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--snapshot=[file to predict with]:value:_files' \
            '--details[print basis, impossible, neighbours and, of fields, support too]' \
            '--csv.safe[put an apostrophe in front of ids that a spreadsheet would run]' \
            '--format=[format of FILE]:value:(auto csv arff movielens)' \
            '--separator=[separator of the columns, as]:value:_files' \
            '--header=[whether the first line names the columns]:value:(auto yes no)' \
            '--column.user=[column with the user]:value:_files' \
            '--column.ad=[column with the ad]:value:_files' \
            '--topic=[impressions to score, in place of FILE]:value:_files' \
            '--from=[first impression]:value:_files' \
            '--to=[first impression that is left out, written as --from]:value:_files' \
            '--to_topic=[topic for the predictions, as a scorer'\''s]:value:_files' \
            '--model.version=[epoch that the snapshot was published as, for predictions on to_topic]:value:_files' \
            '--model.delta=[number of the last delta that is applied to the published model]:value:_files' \
            '--topic.models=[manifests of the published models]:value:_files' \
            '--topic.chunks=[bytes of the published models]:value:_files' \
            '--topics.prefix=[beginning of the names of all topics]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--field.default=[values of fields that a question lacks, as position]:value:_files' \
            '--field.id=[field with the unique id of the impression]:value:_files' \
            '--field.ts=[field with the event time]:value:_files' \
            '--field.user=[field with the user'\''s id]:value:_files' \
            '--field.ad=[field with the ad'\''s id]:value:_files' \
            '--format.impressions=[how impressions are written]:value:(msgpack json avro auto)' \
            '--field.ts.unit=[unit of event times that are numbers]:value:(ms s us ns auto)' \
            '--filter.impressions=[which records are impressions, as type==view]:value:_files' \
            '--registry.url=[schema registry of records in Avro, as https]:value:_files' \
            '--registry.user=[user of the registry]:value:_files' \
            '--registry.password=[password of that user]:value:_files' \
            '--registry.token=[bearer token for the registry, in place of a user]:value:_files' \
            '--registry.ca=[file of certificates that the registry'\''s is signed by]:value:_files' \
            '--registry.dir=[folder for copies of schemas, for a time without the registry]:value:_files' \
            '--registry.wait_ms=[how long a record waits for its schema before it becomes a dead letter, once for as long as the registry is away]:value:_files' \
            '--registry.timeout_ms=[how long to wait for an answer of the registry]:value:_files' \
            '--registry.register[register our schemas where the registry does not have them, as TOPIC-value]' \
            '--format.predictions=[how predictions are written]:value:(msgpack json avro)' \
            '--model.name=[name under which models are published]:value:_files' \
            '--trusted.keys=[files of public keys, comma separated]:value:_files' \
            '--timeout_ms=[how long to wait for an answer of the broker]:value:_files' \
            '-b[Kafka brokers as HOST]:value:_files' \
            '--brokers=[Kafka brokers as HOST]:value:_files' \
            '-X[set a property of librdkafka]:value:_files' \
            '--online[with --check-config]' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    top)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--snapshot=[file to rank with]:value:_files' \
            '--user=[user to rank ads for]:value:_files' \
            '--n=[ads for each user]:value:_files' \
            '--output=[print a line for each ad, or a JSON object for each user]:value:(csv json)' \
            '--csv.safe[put an apostrophe in front of ids that a spreadsheet would run]' \
            '--exclude=[file of pairs that users have seen]:value:_files' \
            '--format=[format of FILE]:value:(auto csv arff movielens)' \
            '--separator=[separator of the columns, as]:value:_files' \
            '--header=[whether the first line names the columns]:value:(auto yes no)' \
            '--column.user=[column with the user]:value:_files' \
            '--column.ad=[column with the ad]:value:_files' \
            '--field.default=[values of fields that a question lacks, as position]:value:_files' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    similar)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--user=[user to find similar users for]:value:_files' \
            '--ad=[ad to find similar ads for]:value:_files' \
            '--matrix=[print how similar all of them are]:value:(none users ads)' \
            '--n=[number of similar ones to print]:value:_files' \
            '--csv.safe[put an apostrophe in front of ids that a spreadsheet would run]' \
            '--format=[format of FILE]:value:(auto csv arff movielens)' \
            '--separator=[separator of the columns, as]:value:_files' \
            '--header=[whether the first line names the columns]:value:(auto yes no)' \
            '--column.user=[column with the user]:value:_files' \
            '--column.ad=[column with the ad]:value:_files' \
            '--column.click=[column with the label]:value:_files' \
            '--click.min=[least label that is a click]:value:_files' \
            '--column.ts=[column with the time, read where the split needs one]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--fields=[columns that the model fields learns from, as user,ad,position,user*ad]:value:_files' \
            '--scale=[lowest..highest label, as 0..1]:value:_files' \
            '--by=[the first four compare the ratings that both have]:value:_files' \
            '--min_support=[least number of common ratings]:value:_files' \
            '--shrinkage=[shrinkage of pearson_baseline]:value:_files' \
            '--factors=[singular values that svd keeps]:value:_files' \
            '--seed=[seed of svd]:value:_files' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    cv)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--fields=[]:value:_files' \
            '--json[print a JSON line for each fold]' \
            '--format=[format of FILE]:value:(auto csv arff movielens)' \
            '--separator=[separator of the columns, as]:value:_files' \
            '--header=[whether the first line names the columns]:value:(auto yes no)' \
            '--column.user=[column with the user]:value:_files' \
            '--column.ad=[column with the ad]:value:_files' \
            '--column.click=[column with the label]:value:_files' \
            '--click.min=[least label that is a click]:value:_files' \
            '--column.ts=[column with the time, read where the split needs one]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--fields=[columns that the model fields learns from, as user,ad,position,user*ad]:value:_files' \
            '--scale=[lowest..highest label, as 0..1]:value:_files' \
            '--models=[algorithms to compare, comma separated]:value:_files' \
            '--params=[parameters of a single model, as '\''factors=20'\'']:value:_files' \
            '--split=[how rows become folds]:value:_files' \
            '--split.folds=[number of folds, splits or slices of time]:value:_files' \
            '--split.repeats=[repetitions of split=repeated]:value:_files' \
            '--split.seed=[seed of the shuffling, as numpy'\''s RandomState]:value:_files' \
            '--split.shuffle[shuffle the rows for kfold and shuffle]' \
            '--split.test_size=[test rows of split=shuffle]:value:_files' \
            '--split.train_size=[training rows of split=shuffle]:value:_files' \
            '--split.min_rows=[leave-one-out takes only users with more rows than this]:value:_files' \
            '--train[measure on the training rows too]' \
            '--progressive[the model fields learns each test row after it was asked for, in the order of the split]' \
            '--calibrate[turn scores into click probabilities]' \
            '--ranking.k=[measure precision, recall and NDCG of the first k rows of each user]:value:_files' \
            '--ranking.threshold=[label and prediction from which on a row is relevant]:value:_files' \
            '--threads=[fits at the same time]:value:_files' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    tune)
        shift words
        (( CURRENT-- ))
        _arguments \
            '--output=[form of the results]:value:(table json csv)' \
            '--format=[format of FILE]:value:(auto csv arff movielens)' \
            '--separator=[separator of the columns, as]:value:_files' \
            '--header=[whether the first line names the columns]:value:(auto yes no)' \
            '--column.user=[column with the user]:value:_files' \
            '--column.ad=[column with the ad]:value:_files' \
            '--column.click=[column with the label]:value:_files' \
            '--click.min=[least label that is a click]:value:_files' \
            '--column.ts=[column with the time, read where the split needs one]:value:_files' \
            '--field.anonymous=[user ids that stand for an unknown person, comma separated]:value:_files' \
            '--fields=[columns that the model fields learns from, as user,ad,position,user*ad]:value:_files' \
            '--scale=[lowest..highest label, as 0..1]:value:_files' \
            '--model=[algorithm to tune]:value:_files' \
            '--space=[values to try, as '\''k=5|10|20 similarity=cosine|pearson'\'']:value:_files' \
            '--params=[parameters that stay as they are]:value:_files' \
            '--random=[tries of a random search]:value:_files' \
            '--seed=[seed of the random search]:value:_files' \
            '--split=[how rows become folds]:value:_files' \
            '--split.folds=[number of folds, splits or slices of time]:value:_files' \
            '--split.repeats=[repetitions of split=repeated]:value:_files' \
            '--split.seed=[seed of the shuffling, as numpy'\''s RandomState]:value:_files' \
            '--split.shuffle[shuffle the rows for kfold and shuffle]' \
            '--split.test_size=[test rows of split=shuffle]:value:_files' \
            '--split.train_size=[training rows of split=shuffle]:value:_files' \
            '--split.min_rows=[leave-one-out takes only users with more rows than this]:value:_files' \
            '--measure=[measure to optimise]:value:(rmse mae logloss auc fcp mse)' \
            '--progressive[the model fields learns each test row after it was asked for, in the order of the split]' \
            '--calibrate[turn scores into click probabilities]' \
            '--threads=[fits at the same time]:value:_files' \
            '--log.level=[write log lines of this level and above]:value:(error warn info debug)' \
            '--log.format=[form of the log lines on standard error]:value:(logfmt json)' \
            '-F[read settings from a file of lines name = value]:value:_files' \
            '--check-config[check all settings and exit with 0 or 78]' \
            '--dump-config[print all settings with their origins, secrets masked, and exit]' \
            '--help-all[show all settings and what the command does]' \
            '*:file:_files' ;;
    esac
}

_pctr "$@"
