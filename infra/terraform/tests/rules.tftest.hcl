# Every rule of infra/terraform against a provider that is not there: no account, no network.

mock_provider "aws" {
  mock_data "aws_subnets" {
    defaults = { ids = ["subnet-0bbbbbbbbbbbbbbbb", "subnet-0aaaaaaaaaaaaaaaa"] }
  }
  mock_data "aws_subnet" {
    defaults = { vpc_id = "vpc-0123456789abcdef0", map_public_ip_on_launch = true }
  }
  mock_data "aws_ec2_instance_type_offerings" {
    defaults = { locations = ["eu-central-1a"] }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-0123456789abcdef0" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:sor-alarms" }
  }
  mock_resource "aws_instance" {
    defaults = { id = "i-0123456789abcdef0", public_ip = "203.0.113.99" }
  }
}

variables {
  region          = "eu-central-1"
  ssh_cidr        = "203.0.113.7/32"
  public_key_file = "tests/fixtures/operator.pub"
}

# The runs of one file share their state, so these two come before the first apply: later what was made is kept.
run "an_image_of_your_own_wins" {
  command = plan

  variables {
    ami_id = "ami-0fedcba9876543210"
  }

  assert {
    condition     = aws_instance.server.ami == "ami-0fedcba9876543210"
    error_message = "ami_id replaces the parameter"
  }
}

run "a_subnet_of_your_own_wins" {
  command = plan

  variables {
    subnet_id = "subnet-0123456789abcdef0"
  }

  assert {
    condition     = aws_instance.server.subnet_id == "subnet-0123456789abcdef0" && length(data.aws_subnets.default) == 0 && aws_instance.server.associate_public_ip_address
    error_message = "no default VPC is looked for when a subnet is named"
  }
}

run "defaults_are_small_and_cheap" {
  command = apply

  assert {
    condition     = aws_instance.server.instance_type == "t3.micro"
    error_message = "the default machine is a t3.micro"
  }
  assert {
    condition     = one(aws_instance.server.credit_specification).cpu_credits == "standard"
    error_message = "standard credits never cost more than the hourly price"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.idle) == 0 && length(aws_iam_role.ssm) == 0 && length(aws_iam_instance_profile.ssm) == 0
    error_message = "alarm and role are made only when asked for"
  }
  assert {
    condition     = length(aws_sns_topic.alarms) + length(aws_sns_topic_subscription.alarms) + length(aws_cloudwatch_metric_alarm.mail) == 0
    error_message = "nobody is written to who did not ask"
  }
}

run "a_newer_image_never_replaces_a_running_machine" {
  command = plan

  variables {
    ami_id = "ami-0fedcba9876543210"
  }

  assert {
    condition     = aws_instance.server.ami == "ami-0123456789abcdef0"
    error_message = "the machine that is there keeps its image, and so its topics"
  }
}

run "a_stopped_machine_has_no_public_address_and_is_not_replaced_for_it" {
  command = plan

  variables {
    subnet_id = "subnet-0aaaaaaaaaaaaaaaa"
  }

  assert {
    condition     = !aws_instance.server.associate_public_ip_address
    error_message = "what AWS says of the address later is not compared with what was asked for at first"
  }
}

run "the_disk_is_encrypted_gp3_and_goes_with_the_machine" {
  command = plan

  assert {
    condition = (
      one(aws_instance.server.root_block_device).encrypted
      && one(aws_instance.server.root_block_device).volume_type == "gp3"
      && one(aws_instance.server.root_block_device).volume_size == 8
      && one(aws_instance.server.root_block_device).delete_on_termination
    )
    error_message = "8 GB of encrypted gp3, deleted with the machine"
  }
}

run "metadata_needs_a_token_and_stays_on_the_machine" {
  command = plan

  assert {
    condition = (
      one(aws_instance.server.metadata_options).http_tokens == "required"
      && one(aws_instance.server.metadata_options).http_put_response_hop_limit == 1
    )
    error_message = "IMDSv2 with a hop limit of 1"
  }
}

run "only_ssh_from_one_address_comes_in" {
  command = plan

  assert {
    condition = (
      length(aws_vpc_security_group_ingress_rule.ssh) == 1
      && aws_vpc_security_group_ingress_rule.ssh[0].cidr_ipv4 == "203.0.113.7/32"
      && aws_vpc_security_group_ingress_rule.ssh[0].ip_protocol == "tcp"
      && aws_vpc_security_group_ingress_rule.ssh[0].from_port == 22
      && aws_vpc_security_group_ingress_rule.ssh[0].to_port == 22
    )
    error_message = "port 22 from the operator's address, and nothing else"
  }
  # No rule may hide inside the group itself (these attributes are computed, so unset in a plan).
  assert {
    condition     = try(length(aws_security_group.server.ingress), 0) == 0
    error_message = "the group has no inline ingress"
  }
}

run "only_https_goes_out" {
  command = plan

  assert {
    condition = (
      aws_vpc_security_group_egress_rule.https.from_port == 443
      && aws_vpc_security_group_egress_rule.https.to_port == 443
      && aws_vpc_security_group_egress_rule.https.ip_protocol == "tcp"
    )
    error_message = "egress is https alone"
  }
}

run "ssm_opens_no_port_at_all" {
  command = apply

  variables {
    access   = "ssm"
    ssh_cidr = null
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.ssh) == 0
    error_message = "Session Manager needs no ingress"
  }
  assert {
    condition     = aws_iam_role_policy_attachment.ssm[0].policy_arn == "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    error_message = "the role may do what Session Manager needs and no more"
  }
  assert {
    condition     = aws_instance.server.iam_instance_profile == aws_iam_instance_profile.ssm[0].name
    error_message = "the instance carries the role"
  }
  assert {
    condition     = strcontains(output.inventory, "AWS-StartSSHSession") && strcontains(output.ssh_command, "ec2-user@i-0123456789abcdef0")
    error_message = "Ansible and people go through Session Manager by the instance's id"
  }
}

run "t3_picks_x86_64" {
  command = plan

  assert {
    condition     = output.architecture == "x86_64" && endswith(data.aws_ssm_parameter.al2023.name, "al2023-ami-kernel-default-x86_64")
    error_message = "t3.micro runs the x86_64 image"
  }
}

run "t4g_picks_arm64" {
  command = plan

  variables {
    instance_type = "t4g.micro"
  }

  assert {
    condition     = output.architecture == "arm64" && endswith(data.aws_ssm_parameter.al2023.name, "al2023-ami-kernel-default-arm64")
    error_message = "t4g.micro runs the arm64 image"
  }
}

run "c7gn_picks_arm64_and_has_no_credits" {
  command = plan

  variables {
    instance_type = "c7gn.medium"
  }

  assert {
    condition     = output.architecture == "arm64" && length(aws_instance.server.credit_specification) == 0
    error_message = "a Graviton type with a suffix is arm64, and only the T family has credits"
  }
}

run "g4dn_is_no_graviton" {
  command = plan

  variables {
    instance_type = "g4dn.xlarge"
  }

  assert {
    condition     = output.architecture == "x86_64"
    error_message = "a g in front of the generation means a graphics card, not Graviton"
  }
}

run "the_image_comes_from_amazons_own_parameter" {
  command = plan

  assert {
    condition     = aws_instance.server.ami == "ami-0123456789abcdef0"
    error_message = "the AMI is the parameter's value"
  }
}

run "subnets_do_not_shuffle" {
  command = plan

  assert {
    condition     = aws_instance.server.subnet_id == "subnet-0aaaaaaaaaaaaaaaa"
    error_message = "the first subnet by name, so that a second plan finds the same"
  }
}

run "no_default_vpc_is_said_clearly" {
  command = plan

  override_data {
    target = data.aws_subnets.default
    values = { ids = [] }
  }

  expect_failures = [data.aws_subnets.default]
}

run "a_default_subnet_without_public_addresses_is_said_clearly" {
  command = plan

  override_data {
    target = data.aws_subnet.chosen
    values = { vpc_id = "vpc-0123456789abcdef0", map_public_ip_on_launch = false }
  }

  expect_failures = [aws_instance.server]
}

run "a_type_that_the_region_lacks_is_said_clearly" {
  command = plan

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones
    values = { locations = [] }
  }

  expect_failures = [data.aws_ec2_instance_type_offerings.zones]
}

run "an_idle_machine_is_stopped_when_asked" {
  command = apply

  variables {
    stop_when_idle_hours = 3
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.idle[0].period * aws_cloudwatch_metric_alarm.idle[0].evaluation_periods == 3 * 3600
      && one(aws_cloudwatch_metric_alarm.idle[0].alarm_actions) == "arn:aws:automate:eu-central-1:ec2:stop"
      && aws_cloudwatch_metric_alarm.idle[0].dimensions.InstanceId == "i-0123456789abcdef0"
    )
    error_message = "three idle hours stop this instance (stop, not terminate: the disk stays)"
  }
}

run "alarms_go_by_mail_when_asked" {
  command = apply

  variables {
    alarm_email = "operator@example.com"
  }

  assert {
    condition     = aws_sns_topic_subscription.alarms[0].endpoint == "operator@example.com" && aws_sns_topic_subscription.alarms[0].protocol == "email"
    error_message = "the address is the topic's one subscriber"
  }
  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.mail : key => alarm.metric_name } == {
      system = "StatusCheckFailed_System", instance = "StatusCheckFailed_Instance", credits = "CPUCreditBalance"
    }
    error_message = "the figures that AWS takes by itself"
  }
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.mail :
      contains(alarm.alarm_actions, aws_sns_topic.alarms[0].arn) && alarm.dimensions.InstanceId == "i-0123456789abcdef0"
    ])
    error_message = "each alarm of this machine goes to the topic"
  }
  assert {
    condition = (
      contains(aws_cloudwatch_metric_alarm.mail["system"].alarm_actions, "arn:aws:automate:eu-central-1:ec2:recover")
      && length(aws_cloudwatch_metric_alarm.mail["instance"].alarm_actions) == 1
    )
    error_message = "AWS recovers from failures of its own hardware, and takes that action for no other alarm"
  }
}

run "a_machine_without_credits_has_no_alarm_for_them" {
  command = plan

  variables {
    alarm_email   = "operator@example.com"
    instance_type = "c7gn.medium"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.mail)) == toset(["system", "instance"])
    error_message = "only the T family has credits"
  }
}

run "a_machine_is_protected_when_asked" {
  command = plan

  variables {
    termination_protection = true
  }

  assert {
    condition     = aws_instance.server.disable_api_termination
    error_message = "AWS refuses to terminate it"
  }
}

run "a_path_with_spaces_is_one_word_of_the_ssh_line" {
  command = apply

  variables {
    identity_file = "/home/a b/it's"
  }

  assert {
    condition     = output.ssh_command == "ssh -i '/home/a b/it'\\''s' ec2-user@203.0.113.99"
    error_message = "the ssh line can be pasted, whatever the path"
  }
}

run "inventory_and_ssh_line_name_the_server" {
  command = apply

  assert {
    condition = (
      yamldecode(output.inventory).all.hosts.sor.ansible_host == "203.0.113.99"
      && yamldecode(output.inventory).all.hosts.sor.ansible_user == "ec2-user"
      && yamldecode(output.inventory).all.hosts.sor.ansible_python_interpreter == "/usr/bin/python3"
      && yamldecode(output.inventory).all.hosts.sor.ansible_ssh_private_key_file == "tests/fixtures/operator"
    )
    error_message = "the inventory reaches the server with dnf's own Python"
  }
  assert {
    condition     = output.ssh_command == "ssh -i tests/fixtures/operator ec2-user@203.0.113.99"
    error_message = "the ssh line can be pasted"
  }
}

run "the_whole_internet_is_refused" {
  command = plan
  variables {
    ssh_cidr = "0.0.0.0/0"
  }
  expect_failures = [var.ssh_cidr]
}

run "a_range_is_refused" {
  command = plan
  variables {
    ssh_cidr = "203.0.113.0/24"
  }
  expect_failures = [var.ssh_cidr]
}

run "the_zero_address_is_refused" {
  command = plan
  variables {
    ssh_cidr = "0.0.0.0/32"
  }
  expect_failures = [var.ssh_cidr]
}

run "ipv6_is_refused" {
  command = plan
  variables {
    ssh_cidr = "::/0"
  }
  expect_failures = [var.ssh_cidr]
}

run "ssh_needs_an_address" {
  command = plan
  variables {
    ssh_cidr = null
  }
  expect_failures = [var.ssh_cidr]
}

run "an_unknown_access_is_refused" {
  command = plan
  variables {
    access = "telnet"
  }
  expect_failures = [var.access]
}

run "a_missing_key_is_refused" {
  command = plan
  variables {
    public_key_file = "tests/fixtures/absent.pub"
  }
  expect_failures = [var.public_key_file]
}

run "a_key_that_ec2_cannot_import_is_refused" {
  command = plan
  variables {
    public_key_file = "tests/fixtures/ecdsa.pub"
  }
  expect_failures = [var.public_key_file]
}

run "half_a_gibibyte_is_refused" {
  command = plan
  variables {
    instance_type = "t3.nano"
  }
  expect_failures = [var.instance_type]
}

run "t2_is_refused" {
  command = plan
  variables {
    instance_type = "t2.micro"
  }
  expect_failures = [var.instance_type]
}

run "a_disk_smaller_than_the_image_is_refused" {
  command = plan
  variables {
    volume_size_gb = 4
  }
  expect_failures = [var.volume_size_gb]
}

run "an_unknown_credit_mode_is_refused" {
  command = plan
  variables {
    cpu_credits = "generous"
  }
  expect_failures = [var.cpu_credits]
}

run "a_zone_is_no_region" {
  command = plan
  variables {
    region = "eu-central-1a"
  }
  expect_failures = [var.region]
}

run "odd_names_are_refused" {
  command = plan
  variables {
    name = "My Server"
  }
  expect_failures = [var.name]
}

run "fractions_of_idle_hours_are_refused" {
  command = plan
  variables {
    stop_when_idle_hours = 1.5
  }
  expect_failures = [var.stop_when_idle_hours]
}

run "what_is_no_mail_address_is_refused" {
  command = plan
  variables {
    alarm_email = "operator"
  }
  expect_failures = [var.alarm_email]
}
