/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/crew.h"

void cuvee__seat_work(const struct seat *seat, struct workspace *own)
{
    struct crew *crew = seat->crew;
    cuvee__team_wait(&crew->team, seat->round);
    cuvee__forward_share(&crew->job, &crew->team, seat->member, own);
}
