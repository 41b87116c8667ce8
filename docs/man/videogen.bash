# videogen: completion for bash
_videogen_ids() {
    local room path
    for room in processing tasks output trash/failed; do
        for path in "$1/$room/$2"*/; do
            path=${path%/}
            [ -d "$path" ] && printf '%s\n' "${path##*/}"
        done
    done
}
_videogen_nodes() {
    local path
    for path in "$1/processing/.nodes/$2"*.json; do
        path=${path##*/} path=${path%.json}
        case $path in *.tune | '*') ;; *) printf '%s\n' "$path" ;; esac
    done
}
_videogen() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} root=${VIDEOGEN_ROOT:-.} verb='' i
    local options valued kind verbs
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --root) i=$((i + 1)); [ "${COMP_WORDS[i]}" = = ] && i=$((i + 1)); root=${COMP_WORDS[i]} ;;
            -* | =) ;;
            *) case $verb in '') verb=${COMP_WORDS[i]} ;; cache | completion | schema | trash) verb="$verb ${COMP_WORDS[i]}" ;; esac ;;
        esac
    done
    case $root in '~'*) root=$HOME${root#\~} ;; esac
    case $verb in
        '') options='--root --log-json --log-level --version --help' valued='--root --log-level' kind='' verbs='cache cancel completion config crawl doctor drain encode fsck history init logs main metrics mix node plan preview provenance rebuild render replay requeue resume retry schema status swap tidy top trash up uses verify warm why' ;;
        'cache') options='--help' valued='' kind='' verbs='clear gc ls verify' ;;
        'cache clear') options='--dry-run --json --help' valued='' kind='' verbs='' ;;
        'cache gc') options='--max-gb --dry-run --json --help' valued='--max-gb' kind='' verbs='' ;;
        'cache ls') options='--json --help' valued='' kind='' verbs='' ;;
        'cache verify') options='--dry-run --json --help' valued='' kind='' verbs='' ;;
        'cancel') options='--dry-run --json --help' valued='' kind='ids' verbs='' ;;
        'completion') options='--help' valued='' kind='' verbs='bash zsh' ;;
        'config') options='--json --changed --help' valued='' kind='' verbs='' ;;
        'crawl') options='--once --help' valued='' kind='' verbs='' ;;
        'doctor') options='--json --tune --name --help' valued='--name' kind='' verbs='' ;;
        'drain') options='--wait --dry-run --json --help' valued='' kind='nodes' verbs='' ;;
        'encode') options='--codec --crf --preset --workers --retries --chunk --threads --audio-kbps --permissive --subtitles --language --force --json --help' valued='--codec --crf --preset --workers --retries --chunk --threads --audio-kbps --subtitles --language' kind='files' verbs='' ;;
        'fsck') options='--json --repair --dry-run --quick --help' valued='' kind='' verbs='' ;;
        'history') options='--days --json --help' valued='--days' kind='' verbs='' ;;
        'init') options='--help' valued='' kind='' verbs='' ;;
        'logs') options='--follow --since --level --json --help' valued='--since --level' kind='ids' verbs='' ;;
        'main') options='--once --help' valued='' kind='' verbs='' ;;
        'metrics') options='--listen --json --help' valued='--listen' kind='' verbs='' ;;
        'mix') options='--output --music --clips --output-dir --temp --seconds --transition --font-size --resolution --seed --force --json --help' valued='--output -o --music --clips --output-dir --temp --seconds --transition --font-size --resolution --seed' kind='' verbs='' ;;
        'node') options='--once --name --drain-s --help' valued='--name --drain-s' kind='' verbs='' ;;
        'plan') options='--json --commands --help' valued='' kind='ids files' verbs='' ;;
        'preview') options='--output --seconds --force --json --help' valued='--output -o --seconds' kind='ids files' verbs='' ;;
        'provenance') options='--verify --json --help' valued='' kind='ids files' verbs='' ;;
        'rebuild') options='--output --compare --fresh --force --json --help' valued='--output -o' kind='ids files' verbs='' ;;
        'render') options='--output --force --json --help' valued='--output -o' kind='files' verbs='' ;;
        'replay') options='--json --help' valued='' kind='ids' verbs='' ;;
        'requeue') options='--priority --tags --front --again --dry-run --json --help' valued='--priority --tags' kind='ids' verbs='' ;;
        'resume') options='--dry-run --json --help' valued='' kind='nodes' verbs='' ;;
        'retry') options='--failed --dry-run --json --help' valued='' kind='ids' verbs='' ;;
        'schema') options='--help' valued='' kind='' verbs='manifest task reason side mix composition golden_frame timeline' ;;
        'status') options='--json --help' valued='' kind='' verbs='' ;;
        'swap') options='--clip --with --at --dry-run --json --help' valued='--clip --with --at' kind='ids files' verbs='' ;;
        'tidy') options='--dry-run --json --help' valued='' kind='' verbs='' ;;
        'top') options='--once --json --every --help' valued='--every' kind='' verbs='' ;;
        'trash') options='--help' valued='' kind='' verbs='empty ls restore' ;;
        'trash empty') options='--older-than --invalid --failed --attempts --all --yes --dry-run --json --help' valued='--older-than' kind='' verbs='' ;;
        'trash ls') options='--invalid --failed --attempts --json --help' valued='' kind='' verbs='' ;;
        'trash restore') options='--dry-run --json --help' valued='' kind='ids' verbs='' ;;
        'up') options='--once --json --help' valued='' kind='' verbs='' ;;
        'uses') options='--json --help' valued='' kind='' verbs='' ;;
        'verify') options='--json --pictures --strict --help' valued='--pictures' kind='ids files' verbs='' ;;
        'warm') options='--dry-run --json --help' valued='' kind='' verbs='' ;;
        'why') options='--json --help' valued='' kind='ids files' verbs='' ;;
    esac
    COMPREPLY=()
    case " $valued " in *" $prev "*) compopt -o default 2>/dev/null; return ;; esac
    case $cur in -*) COMPREPLY=($(compgen -W "$options" -- "$cur")); return ;; esac
    [ -n "$verbs" ] && { COMPREPLY=($(compgen -W "$verbs" -- "$cur")); return; }
    case $kind in
        *nodes*) COMPREPLY=($(compgen -W "$(_videogen_nodes "$root" "$cur")" -- "$cur")) ;;
        *ids*) [ -n "$cur" ] && COMPREPLY=($(compgen -W "$(_videogen_ids "$root" "$cur")" -- "$cur")) ;;
    esac
    case $kind in *files*) compopt -o default 2>/dev/null ;; esac
}
complete -F _videogen videogen
