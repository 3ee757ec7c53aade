# bash completion for cuvee; made by: cuvee completions bash
_cuvee() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local command=${COMP_WORDS[1]} options= words=
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W 'classify tokenize info pack cache measure bench advise doctor help --help --version' -- "$cur"))
        return
    fi
    ((COMP_CWORD > 2)) && case "$command ${COMP_WORDS[2]}" in
        'measure report') command=measure-report ;;
        'measure mark') command=measure-mark ;;
        'measure doctor') command=measure-doctor ;;
        'measure self-test') command=measure-self-test ;;
        'bench setup') command=bench-setup ;;
        'bench report') command=bench-report ;;
        'bench compare') command=bench-compare ;;
        'bench drive') command=bench-drive ;;
    esac
    case $command:$prev in
        classify:--model|classify:-m) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        classify:--precision) COMPREPLY=($(compgen -W 'auto f32 bf16 int8' -- "$cur")); return ;;
        classify:--cache) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        classify:--activation) COMPREPLY=($(compgen -W 'auto softmax sigmoid none' -- "$cur")); return ;;
        classify:--max-length) return ;;
        classify:--truncate) COMPREPLY=($(compgen -W 'right left error' -- "$cur")); return ;;
        classify:--column) return ;;
        classify:--pair-column) return ;;
        classify:--input-format) COMPREPLY=($(compgen -W 'auto csv jsonl text' -- "$cur")); return ;;
        classify:--delimiter) return ;;
        classify:--encoding) return ;;
        classify:--limit) return ;;
        classify:--output|classify:-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        classify:--format) COMPREPLY=($(compgen -W 'json jsonl csv' -- "$cur")); return ;;
        classify:--top-k) return ;;
        classify:--threshold) return ;;
        classify:--labels-map) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        classify:--max-errors) return ;;
        classify:--threads) return ;;
        classify:--batch-tokens) return ;;
        classify:--metrics) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        classify:--python-host) COMPREPLY=($(compgen -W 'auto embed process metacall' -- "$cur")); return ;;
        classify:--python) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        classify:--script-args) return ;;
        classify:--max-batch) return ;;
        classify:--concurrency) return ;;
        classify:--deadline) return ;;
        classify:--recycle-calls) return ;;
        classify:--recycle-mb) return ;;
        tokenize:--model|tokenize:-m) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        tokenize:--cache) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        tokenize:--input-format) COMPREPLY=($(compgen -W 'auto csv jsonl text' -- "$cur")); return ;;
        tokenize:--column) return ;;
        info:--model|info:-m) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        info:--precision) COMPREPLY=($(compgen -W 'auto f32 bf16 int8' -- "$cur")); return ;;
        info:--cache) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        info:--python-host) COMPREPLY=($(compgen -W 'auto embed process metacall' -- "$cur")); return ;;
        info:--python) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        pack:--model|pack:-m) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        pack:--output|pack:-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        pack:--precision) COMPREPLY=($(compgen -W 'f32 bf16 int8' -- "$cur")); return ;;
        pack:--calibrate) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        pack:--column) return ;;
        pack:--input-format) COMPREPLY=($(compgen -W 'auto csv jsonl text' -- "$cur")); return ;;
        pack:--limit) return ;;
        cache:--cache) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        measure:--output|measure:-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        measure:--series) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        measure:--html) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        measure:--md) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        measure:--fail-if) return ;;
        measure:--timeout) return ;;
        measure:--repeat) return ;;
        measure:--cpus) return ;;
        measure:--cache) return ;;
        measure:--mark-fd) return ;;
        measure:--limit-mem) return ;;
        measure:--interval) return ;;
        measure:--pss-budget) return ;;
        measure:--track) COMPREPLY=($(compgen -W 'auto cgroup events poll' -- "$cur")); return ;;
        measure-report:--format|measure-report:-f) COMPREPLY=($(compgen -W 'markdown html svg hyperfine google-benchmark github csv openmetrics' -- "$cur")); return ;;
        measure-report:--output|measure-report:-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        measure-report:--html) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        measure-report:--md) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench:--output|bench:-o) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        bench:--arms) return ;;
        bench:--plan) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench:--input) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench:--column) return ;;
        bench:--gold) return ;;
        bench:--limit) return ;;
        bench:--model|bench:-m) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        bench:--model-shape) COMPREPLY=($(compgen -W 'distilbert-base bert-base bert-large' -- "$cur")); return ;;
        bench:--scenario) return ;;
        bench:--rate) return ;;
        bench:--latency-bound) return ;;
        bench:--blocks) return ;;
        bench:--sweep) return ;;
        bench:--cpus) return ;;
        bench:--limit-mem) return ;;
        bench:--python) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench:--timeout) return ;;
        bench:--wait) return ;;
        bench:--within) return ;;
        bench:--core-hour-price) return ;;
        bench-report:--format|bench-report:-f) COMPREPLY=($(compgen -W 'files text markdown html github' -- "$cur")); return ;;
        bench-report:--output|bench-report:-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench-drive:--model|bench-drive:-m) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench-drive:--precision) COMPREPLY=($(compgen -W 'auto f32 bf16 int8' -- "$cur")); return ;;
        bench-drive:--cache) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        bench-drive:--input) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench-drive:--column) return ;;
        bench-drive:--items) return ;;
        bench-drive:--answers) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench-drive:--scenario) COMPREPLY=($(compgen -W 'offline single server' -- "$cur")); return ;;
        bench-drive:--schedule) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench-drive:--batch) return ;;
        bench-drive:--workers) return ;;
        bench-drive:--processes) return ;;
        bench-drive:--part) return ;;
        bench-drive:--python-host) COMPREPLY=($(compgen -W 'auto embed process metacall' -- "$cur")); return ;;
        bench-drive:--python) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        bench-drive:--script-args) return ;;
        bench-drive:--max-batch) return ;;
        bench-drive:--concurrency) return ;;
        advise:--results) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        advise:--memory) return ;;
        advise:--latency-p99) return ;;
        advise:--rows) return ;;
        advise:--finish-within) return ;;
        advise:--rate) return ;;
        advise:--core-hour-price) return ;;
        advise:--model|advise:-m) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        advise:--team) COMPREPLY=($(compgen -W 'any python c go' -- "$cur")); return ;;
    esac
    case $command in
        classify) options='--model -m --precision --cache --no-cache --activation --max-length --truncate --column --pair-column --input-format --delimiter --no-header --encoding --limit --output -o --format --top-k --threshold --labels-map --keep-columns --no-text --max-errors --threads --batch-tokens --metrics --python-host --python --script-args --max-batch --concurrency --deadline --recycle-calls --recycle-mb --quiet -q --help -h --version -V' ;;
        tokenize) options='--model -m --cache --no-cache --input-format --column --help -h --version -V' ;;
        info) options='--model -m --precision --cache --no-cache --verify --json --python-host --python --help -h --version -V' ;;
        pack) options='--model -m --output -o --precision --calibrate --column --input-format --limit --quiet -q --help -h --version -V' ;;
        cache) options='--cache --json --help -h --version -V' words='list clear path' ;;
        measure) options='--output -o --series --html --md --explain --fail-if --timeout --repeat --cpus --cache --mark-fd --limit-mem --interval --pss-budget --track --exact --redact --quiet -q --help -h --version -V' ;;
        measure-report) options='--format -f --output -o --html --md --help -h --version -V' ;;
        measure-mark) options='--help -h --version -V' ;;
        measure-doctor) options='--json --help -h --version -V' ;;
        measure-self-test) options='--help -h --version -V' ;;
        bench) options='--output -o --quick --arms --resume --dry-run --plan --print-plan --input --column --gold --limit --model -m --model-shape --scenario --rate --latency-bound --blocks --no-sweep --sweep --cpus --limit-mem --python --timeout --wait --within --core-hour-price --no-texts --quiet -q --help -h --version -V' ;;
        bench-setup) options='--dry-run --help -h --version -V' ;;
        bench-report) options='--format -f --output -o --no-texts --help -h --version -V' ;;
        bench-compare) options='--json --help -h --version -V' ;;
        bench-drive) options='--model -m --precision --cache --no-cache --input --column --items --answers --scenario --schedule --batch --workers --processes --part --python-host --python --script-args --max-batch --concurrency --help -h --version -V' ;;
        advise) options='--results --json --memory --latency-p99 --rows --finish-within --rate --core-hour-price --model -m --team --help -h --version -V' ;;
        doctor) options='--json --help -h --version -V' ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
    elif [[ $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    else
        COMPREPLY=($(compgen -f -- "$cur"))
    fi
}
complete -o filenames -F _cuvee cuvee
