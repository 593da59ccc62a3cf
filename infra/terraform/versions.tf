# The provider is pinned exactly, so that everyone plans with the one that the tests ran against. The
# dependency lock file is not committed: it would hold the checksum of one platform only.
terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # The path is given by scripts/deploy.py: a folder of the user's own, outside the checkout, so that
  # neither git nor `git clean` can get at the state.
  backend "local" {}
}
