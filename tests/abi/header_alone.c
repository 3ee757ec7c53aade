/* SPDX-License-Identifier: Apache-2.0
 *
 * The public header as the only one, twice, in C and C++ alike: see header_alone.sh. */
#include <cuvee/cuvee.h>
#include <cuvee/cuvee.h>

/* Every struct that has a struct_size starts from CUVEE_OPTIONS. */
size_t sum_of_sizes(void);
size_t sum_of_sizes(void)
{
    cuvee_model_options model_options = CUVEE_OPTIONS(cuvee_model_options);
    cuvee_pack_options pack_options = CUVEE_OPTIONS(cuvee_pack_options);
    cuvee_tokenize_options tokenize_options = CUVEE_OPTIONS(cuvee_tokenize_options);
    cuvee_pool_options pool_options = CUVEE_OPTIONS(cuvee_pool_options);
    cuvee_classify_options classify_options = CUVEE_OPTIONS(cuvee_classify_options);
    cuvee_model_info model_info = CUVEE_OPTIONS(cuvee_model_info);
    cuvee_pool_info pool_info = CUVEE_OPTIONS(cuvee_pool_info);
    cuvee_machine_info machine_info = CUVEE_OPTIONS(cuvee_machine_info);
    return model_options.struct_size + tokenize_options.struct_size + pool_options.struct_size +
           classify_options.struct_size + model_info.struct_size + pool_info.struct_size +
           machine_info.struct_size + pack_options.struct_size;
}
