// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <dmasim/model/version.h>

namespace {

TEST(Version, HeaderAndLibraryAgree) {
    EXPECT_EQ(dmasim::version(), dmasim::kVersion);
}

TEST(Version, IsTheVersionOfTheCMakeProject) {
    EXPECT_EQ(dmasim::version(), DMASIM_PROJECT_VERSION);
}

}  // namespace
