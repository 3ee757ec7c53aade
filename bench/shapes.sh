# SPDX-License-Identifier: Apache-2.0
# Read by run-speed and run-peers: make_shape NAME sets model, lengths, parts, peer_texts; the model is made if it is
# not there. Packed files go to build/cache, not to the user's.
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
CUVEE_CACHE=${CUVEE_CACHE:-$PWD/build/cache}
HF_HUB_OFFLINE=1
export CUVEE_CACHE HF_HUB_OFFLINE
mkdir -p "$CUVEE_CACHE"

make_shape() {
    case $1 in
    sentiment-en) model=models/sentiment-en family= ;;
    distilbert-base-*) model=build/models/distilbert-base family=distilbert layers=6 ;;
    bert-base-*) model=build/models/bert-base family=bert layers=12 ;;
    *)
        echo "no such shape: $1" >&2
        return 2
        ;;
    esac
    if [ -n "$family" ] && [ ! -f "$model/model.safetensors" ]; then
        echo "making $model" >&2
        python=python3
        [ -x build/venv/bin/python ] && python=build/venv/bin/python
        "$python" scripts/make-random-model --family "$family" --layers "$layers" "$model"
    fi
    case $1 in
    *-55) lengths=55 ;;
    *) lengths=real ;;
    esac
    # Memory, cold start and latency do not depend on the lengths of the texts: once a model.
    case $1 in
    *-real) parts=throughput,stages ;;
    *) parts=memory,cold,throughput,latency,stages ;;
    esac
    peer_texts=300
    [ "$1" = sentiment-en ] && peer_texts=1000
    return 0
}
