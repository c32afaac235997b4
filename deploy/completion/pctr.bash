# Written by deploy/completion/generate.py: do not edit.
# Goes to /usr/share/bash-completion/completions/pctr.

# Prints the options of a command.
_pctr_options() {
    case $1 in
    demo) echo '--rate= --format= --separator= --header= --column.user= --column.ad= --column.click= --click.min= --field.anonymous= --model.algorithm= --model.params= --retrain.rows= --publish.every_ms= --rows= --users= --ads= --seed= --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    feed) echo '--rate= --rejects= --json --spool.dir= --format= --separator= --header= --column.user= --column.ad= --column.click= --click.min= --column.ts= --ts.unit= --column.id= --id.start= --extras= --extras.without= --topic.impressions= --topic.labels= --topics.prefix= --field.id= --field.ts= --field.user= --field.ad= --field.click= --format.impressions= --format.labels= --field.ts.unit= --field.click.values= --filter.impressions= --filter.labels= --registry.url= --registry.user= --registry.password= --registry.token= --registry.ca= --registry.dir= --registry.wait_ms= --registry.timeout_ms= --registry.register --field.anonymous= --clock= --clock.start= --clock.step_ms= --labels= --label.delay_ms= --label.pairs --world --world.rows= --world.users= --world.ads= --seed= --world.rank= --world.click_rate= --world.spread= --world.affinity= --world.zipf= --world.drift= --world.truth= --world.truth_field= --sort.max_bytes= -b --brokers= -X --online --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    score) echo '--topic.impressions= --topic.predictions= --topic.dead_letters= --topic.models= --topic.chunks= --topics.prefix= --field.id= --field.ts= --field.user= --field.ad= --format.impressions= --field.ts.unit= --filter.impressions= --registry.url= --registry.user= --registry.password= --registry.token= --registry.ca= --registry.dir= --registry.wait_ms= --registry.timeout_ms= --registry.register --format.predictions= --field.anonymous= --field.default= --model.name= --trusted.keys= --no_model.policy= --no_model.p= --model.catch_up_ms= --model.load_deadline_ms= --state.dir= --workers= --group= --slot= --delivery= --offset.start= --offset.lost= --exit.at_end --commit.interval_ms= --commit.max_events= --transaction.timeout_ms= --batch.max_events= --predictions.linger_ms= --predictions.compression= --dead_letters.max_share= --dead_letters.rate_max= --http.address= --http.port= --http.probe_port= -b --brokers= -X --online --memory.huge_pages --shutdown.deadline_ms= --log.level= --log.format= --test.crash= --test.crash_after= --test.random_aborts= -F --check-config --dump-config --help-all' ;;
    train) echo '--topic.impressions= --topic.labels= --topic.dead_letters= --topic.models= --topic.chunks= --topic.predictions= --topic.evaluations= --topics.prefix= --field.id= --field.ts= --field.user= --field.ad= --format.impressions= --field.ts.unit= --filter.impressions= --format.labels= --field.click.values= --filter.labels= --registry.url= --registry.user= --registry.password= --registry.token= --registry.ca= --registry.dir= --registry.wait_ms= --registry.timeout_ms= --registry.register --format.evaluations= --field.click= --field.anonymous= --model.name= --model.algorithm= --model.params= --model.seed= --model.low= --model.high= --signing.key= --model.chunk_bytes= --retrain.every_ms= --publish.every_ms= --retrain.rows= --retrain.min_rows= --exit.at_end --history_ms= --join= --join.window_ms= --join.late_ms= --training.max_age_ms= --merge.linger_ms= --bad_records= --holdout= --calibrate --evaluate --evaluation.window_ms= --join.pending_max= --training.max_rows= --training.max_ids= --evaluation.max_rows= --fetch.max_bytes= --dead_letters.max_share= --http.address= --http.port= --http.probe_port= -b --brokers= -X --online --shutdown.deadline_ms= --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    replay) echo '--last= --from= --to= --html= --json --predictions.file= --predictions.topic= --predictions.force --spool.dir= --topic.impressions= --topic.labels= --topic.predictions= --topic.models= --topic.chunks= --topics.prefix= --field.id= --field.ts= --field.user= --field.ad= --format.impressions= --field.ts.unit= --filter.impressions= --format.labels= --field.click.values= --filter.labels= --registry.url= --registry.user= --registry.password= --registry.token= --registry.ca= --registry.dir= --registry.wait_ms= --registry.timeout_ms= --registry.register --format.predictions= --field.click= --field.anonymous= --field.default= --model.name= --trusted.keys= --no_model.p= --refit.every_ms= --publish.every_ms= --refit.min_rows= --holdout= --calibrate --history_ms= --join= --join.window_ms= --join.late_ms= --training.max_age_ms= --slice= --slice.max_values= --report.window_ms= --bootstrap= --bootstrap.seed= --bootstrap.level= --join.pending_max= --training.max_rows= --training.max_ids= --rows.max= --sort.max_bytes= --fetch.max_bytes= -b --brokers= -X --online --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    snapshot) echo '--output= --json --topic.models= --topic.chunks= --topics.prefix= --model.name= --trusted.keys= --signing.key= --timeout_ms= -b --brokers= -X --online --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    cat) echo '--last= -f --follow --guess --from= --to= -c --count= -p --partition= --topic= --as= --topic.impressions= --topic.labels= --topic.predictions= --topic.models= --topic.chunks= --topic.dead_letters= --topic.evaluations= --topics.prefix= --field.id= --field.ts= --field.user= --field.ad= --format.impressions= --field.ts.unit= --filter.impressions= --format.labels= --field.click.values= --filter.labels= --registry.url= --registry.user= --registry.password= --registry.token= --registry.ca= --registry.dir= --registry.wait_ms= --registry.timeout_ms= --field.click= --timeout_ms= -b --brokers= -X --online --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    verify) echo '--from= --to= --every= --shown= --json --topic.predictions= --topic.impressions= --topic.models= --topic.chunks= --topics.prefix= --field.id= --field.ts= --field.user= --field.ad= --format.impressions= --field.ts.unit= --filter.impressions= --registry.url= --registry.user= --registry.password= --registry.token= --registry.ca= --registry.dir= --registry.wait_ms= --registry.timeout_ms= --field.anonymous= --field.default= --model.name= --trusted.keys= --no_model.p= --state.dir= --cache.max_bytes= --timeout_ms= -b --brokers= -X --online --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    redrive) echo '--reason= --from= --to= --dry_run --json --topic.others= --topic.dead_letters= --topic.impressions= --topic.labels= --topics.prefix= --group= --batch.max_events= --timeout_ms= -b --brokers= -X --online --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    topics) echo '--check --partitions= --replicas= --history --chunks.max_bytes= --topic.impressions= --topic.labels= --topic.predictions= --topic.dead_letters= --topic.models= --topic.chunks= --topic.evaluations= --topics.prefix= --timeout_ms= -b --brokers= -X --online --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    fit) echo '--output= --show_matrix= --format= --separator= --header= --column.user= --column.ad= --column.click= --click.min= --column.ts= --field.anonymous= --fields= --scale= --model= --params= --figures.max_rows= --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    predict) echo '--snapshot= --details --csv.safe --format= --separator= --header= --column.user= --column.ad= --topic= --from= --to= --to_topic= --model.version= --model.delta= --topic.models= --topic.chunks= --topics.prefix= --field.anonymous= --field.default= --field.id= --field.ts= --field.user= --field.ad= --format.impressions= --field.ts.unit= --filter.impressions= --registry.url= --registry.user= --registry.password= --registry.token= --registry.ca= --registry.dir= --registry.wait_ms= --registry.timeout_ms= --registry.register --format.predictions= --model.name= --trusted.keys= --timeout_ms= -b --brokers= -X --online --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    top) echo '--snapshot= --user= --n= --output= --csv.safe --exclude= --format= --separator= --header= --column.user= --column.ad= --field.default= --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    similar) echo '--user= --ad= --matrix= --n= --csv.safe --format= --separator= --header= --column.user= --column.ad= --column.click= --click.min= --column.ts= --field.anonymous= --fields= --scale= --by= --min_support= --shrinkage= --factors= --seed= --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    cv) echo '--fields= --json --format= --separator= --header= --column.user= --column.ad= --column.click= --click.min= --column.ts= --field.anonymous= --fields= --scale= --models= --params= --split= --split.folds= --split.repeats= --split.seed= --split.shuffle --split.test_size= --split.train_size= --split.min_rows= --train --progressive --calibrate --ranking.k= --ranking.threshold= --threads= --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    tune) echo '--output= --format= --separator= --header= --column.user= --column.ad= --column.click= --click.min= --column.ts= --field.anonymous= --fields= --scale= --model= --space= --params= --random= --seed= --split= --split.folds= --split.repeats= --split.seed= --split.shuffle --split.test_size= --split.train_size= --split.min_rows= --measure= --progressive --calibrate --threads= --log.level= --log.format= -F --check-config --dump-config --help-all' ;;
    esac
}

# Prints the values of an option that has few.
_pctr_values() {
    case $1 in
    cv--format | demo--format | feed--format | fit--format | predict--format | similar--format | top--format | tune--format)
        echo 'auto csv arff movielens' ;;
    cv--header | demo--header | feed--header | fit--header | predict--header | similar--header | top--header | tune--header)
        echo 'auto yes no' ;;
    cat--log.level | cv--log.level | demo--log.level | feed--log.level | fit--log.level | predict--log.level | redrive--log.level | replay--log.level | score--log.level | similar--log.level | snapshot--log.level | top--log.level | topics--log.level | train--log.level | tune--log.level | verify--log.level)
        echo 'error warn info debug' ;;
    cat--log.format | cv--log.format | demo--log.format | feed--log.format | fit--log.format | predict--log.format | redrive--log.format | replay--log.format | score--log.format | similar--log.format | snapshot--log.format | top--log.format | topics--log.format | train--log.format | tune--log.format | verify--log.format)
        echo 'logfmt json' ;;
    feed--ts.unit)
        echo 'auto s ms us ns yymmddhh' ;;
    cat--format.impressions | cat--format.labels | feed--format.impressions | feed--format.labels | predict--format.impressions | replay--format.impressions | replay--format.labels | score--format.impressions | train--format.impressions | train--format.labels | verify--format.impressions)
        echo 'msgpack json avro auto' ;;
    cat--field.ts.unit | feed--field.ts.unit | predict--field.ts.unit | replay--field.ts.unit | score--field.ts.unit | train--field.ts.unit | verify--field.ts.unit)
        echo 'ms s us ns auto' ;;
    feed--clock)
        echo 'steps wall' ;;
    feed--labels)
        echo 'clicks all' ;;
    predict--format.predictions | replay--format.predictions | score--format.predictions | train--format.evaluations)
        echo 'msgpack json avro' ;;
    score--no_model.policy)
        echo 'prior wait' ;;
    score--delivery)
        echo 'exactly-once at-least-once' ;;
    score--offset.start)
        echo 'earliest latest' ;;
    score--offset.lost)
        echo 'earliest latest fail' ;;
    replay--join | train--join)
        echo 'impressions labels' ;;
    train--bad_records)
        echo 'dlq skip fail' ;;
    top--output)
        echo 'csv json' ;;
    similar--matrix)
        echo 'none users ads' ;;
    tune--output)
        echo 'table json csv' ;;
    tune--measure)
        echo 'rmse mae logloss auc fcp mse' ;;
    esac
}

_pctr() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
    local before=${COMP_WORDS[COMP_CWORD - 1]} values

    # bash takes the = of --name=value for a word.
    if [[ $word == '=' ]]; then
        word=
    elif [[ $before == '=' ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    values=$(_pctr_values "$command$before")
    if [ "$COMP_CWORD" -eq 1 ]; then
        values='--help --version demo feed score train replay snapshot cat verify redrive topics fit predict top similar cv tune'
    elif [[ -z $values && $word == -* ]]; then
        values=$(_pctr_options "$command")
    fi
    if [ -n "$values" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
        [[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -F _pctr pctr
