# bash completion for tektra; load it with: source tektra.bash
# Generated from the command tree by: python -m tektra_cli.completion completions/
_tektra() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    local path="" word kind="" words="" flags=""
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$path $word" in
            " chat"|" models"|" models list"|" models show"|" models import"|" models adapt"|" models rm"|" models load"|" models unload"|" models ps"|" models devices"|" models quantize"|" models tune"|" models pull"|" ps"|" rerank"|" conversations"|" conversations list"|" conversations show"|" conversations search"|" conversations export"|" conversations rm"|" sandbox"|" sandbox run"|" sandbox probe"|" audit"|" audit list"|" audit tail"|" audit show"|" audit search"|" audit stats"|" audit verify"|" audit export"|" audit prune"|" events"|" tools"|" tools check"|" permissions"|" permissions list"|" permissions grant"|" permissions revoke"|" permissions test"|" permissions files"|" permissions edit"|" permissions ask"|" approvals"|" approvals list"|" approvals show"|" approvals allow"|" approvals deny"|" secrets"|" secrets set"|" secrets list"|" secrets rm"|" secrets rotate"|" secrets show"|" secrets lock"|" secrets unlock"|" mfa"|" mfa enroll"|" mfa status"|" mfa disable"|" users"|" users list"|" users add"|" users rm"|" daemon"|" daemon start"|" daemon stop"|" daemon status"|" daemon logs"|" doctor"|" version"|" paths") path="$path $word" ;;
        esac
    done
    case "$path:$previous" in
        " chat:--conversation") words="" kind="conversations" ;;
        " chat:--model"|" chat:-m") words="" kind="models" ;;
        " chat:--system"|" chat:-s") words="" kind="" ;;
        " chat:--file"|" chat:-f") words="" kind="files" ;;
        " chat:--temperature") words="" kind="" ;;
        " chat:--top-p") words="" kind="" ;;
        " chat:--top-k") words="" kind="" ;;
        " chat:--min-p") words="" kind="" ;;
        " chat:--repeat-penalty") words="" kind="" ;;
        " chat:--seed") words="" kind="" ;;
        " chat:--max-tokens") words="" kind="" ;;
        " chat:--stop") words="" kind="" ;;
        " models import:--name") words="" kind="" ;;
        " models adapt:--name") words="" kind="" ;;
        " models load:--context") words="" kind="" ;;
        " models load:--kv-type") words="" kind="" ;;
        " models load:--micro-batch") words="" kind="" ;;
        " models load:--flash-attention") words="" kind="" ;;
        " models load:--weights") words="" kind="" ;;
        " models load:--gpu-layers") words="" kind="" ;;
        " models load:--keep-alive") words="" kind="" ;;
        " models quantize:--type") words="" kind="" ;;
        " models tune:--text") words="" kind="" ;;
        " models tune:--type") words="" kind="" ;;
        " models tune:--seconds") words="" kind="" ;;
        " models pull:--name") words="" kind="" ;;
        " models pull:--revision") words="" kind="" ;;
        " rerank:--model"|" rerank:-m") words="" kind="models" ;;
        " rerank:--top"|" rerank:-n") words="" kind="" ;;
        " conversations list:--limit") words="" kind="" ;;
        " conversations search:--limit") words="" kind="" ;;
        " conversations export:--format") words="markdown json text" kind="" ;;
        " conversations export:--output"|" conversations export:-o") words="" kind="files" ;;
        " sandbox run:--dir"|" sandbox run:-d") words="" kind="" ;;
        " sandbox run:--timeout") words="" kind="" ;;
        " sandbox run:--memory") words="" kind="" ;;
        " audit list:--since") words="" kind="" ;;
        " audit list:--until") words="" kind="" ;;
        " audit list:--user") words="" kind="" ;;
        " audit list:--agent") words="" kind="" ;;
        " audit list:--run") words="" kind="" ;;
        " audit list:--kind") words="" kind="" ;;
        " audit list:--outcome") words="" kind="" ;;
        " audit list:--limit") words="" kind="" ;;
        " audit tail:--lines"|" audit tail:-n") words="" kind="" ;;
        " audit tail:--kind") words="" kind="" ;;
        " audit search:--since") words="" kind="" ;;
        " audit search:--kind") words="" kind="" ;;
        " audit search:--limit") words="" kind="" ;;
        " audit verify:--key") words="" kind="" ;;
        " audit verify:--head") words="" kind="" ;;
        " audit export:--format") words="jsonl csv" kind="" ;;
        " audit export:--since") words="" kind="" ;;
        " audit export:--until") words="" kind="" ;;
        " audit export:--output"|" audit export:-o") words="" kind="" ;;
        " audit prune:--before") words="" kind="" ;;
        " audit prune:--code") words="" kind="" ;;
        " events:--after") words="" kind="" ;;
        " events:--type") words="" kind="" ;;
        " permissions grant:--agent") words="" kind="" ;;
        " permissions grant:--scope") words="once run session always" kind="" ;;
        " permissions grant:--run") words="" kind="" ;;
        " permissions grant:--session") words="" kind="" ;;
        " permissions grant:--expires") words="" kind="" ;;
        " permissions grant:--uses") words="" kind="" ;;
        " permissions grant:--workspace") words="" kind="" ;;
        " permissions grant:--confinement") words="A B" kind="" ;;
        " permissions grant:--cost") words="" kind="" ;;
        " permissions grant:--why") words="" kind="" ;;
        " permissions grant:--code") words="" kind="" ;;
        " permissions revoke:--code") words="" kind="" ;;
        " permissions test:--agent") words="" kind="" ;;
        " permissions test:--workspace") words="" kind="" ;;
        " permissions test:--effect") words="none inside outside" kind="" ;;
        " permissions test:--confinement") words="A B" kind="" ;;
        " permissions test:--cost") words="" kind="" ;;
        " permissions test:--run") words="" kind="" ;;
        " permissions test:--session") words="" kind="" ;;
        " permissions edit:--from") words="" kind="" ;;
        " permissions edit:--code") words="" kind="" ;;
        " permissions ask:--agent") words="" kind="" ;;
        " permissions ask:--workspace") words="" kind="" ;;
        " permissions ask:--effect") words="none inside outside" kind="" ;;
        " permissions ask:--confinement") words="A B" kind="" ;;
        " permissions ask:--cost") words="" kind="" ;;
        " permissions ask:--run") words="" kind="" ;;
        " permissions ask:--session") words="" kind="" ;;
        " permissions ask:--preview") words="" kind="" ;;
        " permissions ask:--wait") words="" kind="" ;;
        " permissions ask:--expires") words="" kind="" ;;
        " approvals allow:--why") words="" kind="" ;;
        " approvals allow:--code") words="" kind="" ;;
        " approvals deny:--why") words="" kind="" ;;
        " secrets set:--from-file") words="" kind="files" ;;
        " secrets show:--code") words="" kind="" ;;
        " mfa enroll:--code") words="" kind="" ;;
        " mfa disable:--code") words="" kind="" ;;
        " users add:--role") words="operator user auditor" kind="" ;;
        " users add:--code") words="" kind="" ;;
        " daemon stop:--timeout") words="" kind="" ;;
        " daemon logs:--lines"|" daemon logs:-n") words="" kind="" ;;
        *)
            case "$path" in
                "") words="chat models ps rerank conversations sandbox audit events tools permissions approvals secrets mfa users daemon doctor version paths" kind="" flags="--version --help" ;;
                " chat") words="" kind="" flags="--continue --conversation --model --system --file --json --jsonl --no-stream --no-save --no-input --think --temperature --top-p --top-k --min-p --repeat-penalty --seed --max-tokens --stop --help" ;;
                " models") words="list show import adapt rm load unload ps devices quantize tune pull" kind="" flags="--help" ;;
                " models list") words="" kind="" flags="--json --help" ;;
                " models show") words="" kind="models" flags="--json --help" ;;
                " models import") words="" kind="files" flags="--name --copy --link --json --help" ;;
                " models adapt") words="" kind="models" flags="--name --json --help" ;;
                " models rm") words="" kind="models" flags="--yes --no-input --json --help" ;;
                " models load") words="" kind="models" flags="--context --kv-type --micro-batch --flash-attention --weights --gpu-layers --keep-alive --estimate-only --json --help" ;;
                " models unload") words="" kind="loaded" flags="--force --json --help" ;;
                " models ps") words="" kind="" flags="--json --help" ;;
                " models devices") words="" kind="" flags="--json --help" ;;
                " models quantize") words="" kind="" flags="--type --again --json --help" ;;
                " models tune") words="" kind="" flags="--text --type --seconds --anyway --show --forget --json --help" ;;
                " models pull") words="" kind="" flags="--name --revision --best --json --jsonl --help" ;;
                " ps") words="" kind="" flags="--json --help" ;;
                " rerank") words="" kind="files" flags="--model --top --json --help" ;;
                " conversations") words="list show search export rm" kind="" flags="--help" ;;
                " conversations list") words="" kind="" flags="--limit --json --help" ;;
                " conversations show") words="" kind="conversations" flags="--json --help" ;;
                " conversations search") words="" kind="" flags="--limit --json --help" ;;
                " conversations export") words="" kind="conversations" flags="--format --output --json --help" ;;
                " conversations rm") words="" kind="conversations" flags="--yes --no-input --json --help" ;;
                " sandbox") words="run probe" kind="" flags="--help" ;;
                " sandbox run") words="" kind="" flags="--dir --timeout --memory --json --help" ;;
                " sandbox probe") words="" kind="" flags="--json --help" ;;
                " audit") words="list tail show search stats verify export prune" kind="" flags="--help" ;;
                " audit list") words="" kind="" flags="--since --until --user --agent --run --kind --outcome --checkpoints --limit --json --help" ;;
                " audit tail") words="" kind="" flags="--lines --follow --kind --jsonl --json --help" ;;
                " audit show") words="" kind="" flags="--json --help" ;;
                " audit search") words="" kind="" flags="--since --kind --limit --json --help" ;;
                " audit stats") words="" kind="" flags="--json --help" ;;
                " audit verify") words="" kind="" flags="--key --head --json --help" ;;
                " audit export") words="" kind="" flags="--format --since --until --output --json --help" ;;
                " audit prune") words="" kind="" flags="--before --code --yes --no-input --json --help" ;;
                " events") words="" kind="" flags="--after --type --jsonl --help" ;;
                " tools") words="check" kind="" flags="--help" ;;
                " tools check") words="" kind="" flags="--dry-run --json --help" ;;
                " permissions") words="list grant revoke test files edit ask" kind="" flags="--help" ;;
                " permissions list") words="" kind="" flags="--all --rules --json --help" ;;
                " permissions grant") words="" kind="" flags="--agent --scope --run --session --expires --uses --exact --workspace --confinement --cost --why --code --json --help" ;;
                " permissions revoke") words="" kind="" flags="--code --json --help" ;;
                " permissions test") words="" kind="" flags="--agent --workspace --effect --confinement --cost --run --session --check --json --help" ;;
                " permissions files") words="" kind="" flags="--json --help" ;;
                " permissions edit") words="" kind="" flags="--from --remove --code --yes --no-input --json --help" ;;
                " permissions ask") words="" kind="" flags="--agent --workspace --effect --confinement --cost --run --session --preview --wait --expires --json --help" ;;
                " approvals") words="list show allow deny" kind="" flags="--help" ;;
                " approvals list") words="" kind="" flags="--all --json --help" ;;
                " approvals show") words="" kind="" flags="--json --help" ;;
                " approvals allow") words="" kind="" flags="--once --run --session --always --why --code --json --help" ;;
                " approvals deny") words="" kind="" flags="--why --json --help" ;;
                " secrets") words="set list rm rotate show lock unlock" kind="" flags="--help" ;;
                " secrets set") words="" kind="secrets" flags="--from-file --no-input --json --help" ;;
                " secrets list") words="" kind="" flags="--json --help" ;;
                " secrets rm") words="" kind="secrets" flags="--yes --no-input --json --help" ;;
                " secrets rotate") words="" kind="" flags="--no-input --json --help" ;;
                " secrets show") words="" kind="secrets" flags="--code --yes --no-input --json --help" ;;
                " secrets lock") words="" kind="" flags="--json --help" ;;
                " secrets unlock") words="" kind="" flags="--no-input --json --help" ;;
                " mfa") words="enroll status disable" kind="" flags="--help" ;;
                " mfa enroll") words="" kind="" flags="--code --uri --no-input --json --help" ;;
                " mfa status") words="" kind="" flags="--json --help" ;;
                " mfa disable") words="" kind="" flags="--code --no-input --json --help" ;;
                " users") words="list add rm" kind="" flags="--help" ;;
                " users list") words="" kind="" flags="--json --help" ;;
                " users add") words="" kind="" flags="--role --code --json --help" ;;
                " users rm") words="" kind="" flags="--json --help" ;;
                " daemon") words="start stop status logs" kind="" flags="--help" ;;
                " daemon start") words="" kind="" flags="--json --help" ;;
                " daemon stop") words="" kind="" flags="--timeout --json --help" ;;
                " daemon status") words="" kind="" flags="--json --help" ;;
                " daemon logs") words="" kind="" flags="--follow --lines --json --help" ;;
                " doctor") words="" kind="" flags="--json --help" ;;
                " version") words="" kind="" flags="--json --help" ;;
                " paths") words="" kind="" flags="--json --help" ;;
            esac
            if [[ $current == -* ]]; then words="$flags" kind=""; fi ;;
    esac
    case "$kind" in
        files) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        ?*) words="$words $(tektra __complete "$kind" 2>/dev/null)" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _tektra tektra
