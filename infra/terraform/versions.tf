# Proven with 5.100.0, the last of its line; 6 is taken where it can be had, and says so in `terraform init`. To stay with
# the proven one: SOR_TF_PLUGIN_DIR with a folder that holds it, or a lock file in the deployment's state folder
# (docs/operations.md). None is committed: made without Terraform's registry it would hold the checksum of one platform.
terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }

  # The path is given by scripts/deploy: a folder of the user's own, outside the checkout, so that
  # neither git nor `git clean` can get at the state.
  backend "local" {}
}
