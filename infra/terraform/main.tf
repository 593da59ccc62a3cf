# One small server: an instance, its key, its firewall, and (only when asked for) a role for Session Manager,
# an alarm that stops an idle machine and alarms by e-mail. Nothing else is made, and `make destroy` removes all of it.

provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.tags, { Project = "sor", Deployment = var.name, ManagedBy = "terraform" })
  }
}

locals {
  # AWS names Graviton types by a g right after the generation (t4g, m7gd, c7gn); a1 came before the rule.
  architecture = can(regex("^([a-z]+[0-9]+g[a-z]*|a1)\\.", var.instance_type)) ? "arm64" : "x86_64"

  # Credits exist in the T family only; anywhere else the argument would be refused.
  burstable = startswith(var.instance_type, "t")

  subnet_id = var.subnet_id != null ? var.subnet_id : sort(data.aws_subnets.default[0].ids)[0]
  ami_id    = var.ami_id != null ? var.ami_id : nonsensitive(data.aws_ssm_parameter.al2023.value)

  ssm = var.access == "ssm"

  # Every figure here is one that AWS takes by itself: the machine has neither an agent nor rights to send others.
  alarms = var.alarm_email == null ? {} : merge(
    {
      system = {
        description = "The hardware under the ${var.name} server fails; AWS moves it to other hardware"
        metric      = "StatusCheckFailed_System"
        comparison  = "GreaterThanOrEqualToThreshold"
        period      = 60
        periods     = 2
        actions     = ["arn:${data.aws_partition.current.partition}:automate:${var.region}:ec2:recover"]
      }
      instance = {
        description = "The ${var.name} server does not answer AWS: make status, then make stop and make start"
        metric      = "StatusCheckFailed_Instance"
        comparison  = "GreaterThanOrEqualToThreshold"
        period      = 60
        periods     = 5
        actions     = []
      }
    },
    # Whatever var.cpu_credits says: a deployment begins unlimited, and its last step changes the machine alone.
    local.burstable ? {
      credits = {
        description = "The ${var.name} server has had no processor credits for half an hour: it is slow, or its bursts are billed"
        metric      = "CPUCreditBalance"
        comparison  = "LessThanThreshold"
        period      = 300
        periods     = 6
        actions     = []
      }
    } : {},
  )
}

data "aws_partition" "current" {}

# The newest Amazon Linux 2023 as Amazon itself publishes it: no search by name, no owner to get wrong.
data "aws_ssm_parameter" "al2023" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${local.architecture}"
}

# Not every zone offers every type (t3.micro is missing in some): only zones that do are considered.
data "aws_ec2_instance_type_offerings" "zones" {
  count         = var.subnet_id == null ? 1 : 0
  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = [var.instance_type]
  }

  lifecycle {
    postcondition {
      condition     = length(self.locations) > 0
      error_message = "${var.instance_type} is not offered in ${var.region}: choose another type or region."
    }
  }
}

data "aws_subnets" "default" {
  count = var.subnet_id == null ? 1 : 0

  filter {
    name   = "default-for-az"
    values = ["true"]
  }

  filter {
    name   = "availability-zone"
    values = data.aws_ec2_instance_type_offerings.zones[0].locations
  }

  lifecycle {
    postcondition {
      condition     = length(self.ids) > 0
      error_message = "${var.region} has no default VPC with a subnet for ${var.instance_type}: name one of yours with subnet_id, or run aws ec2 create-default-vpc."
    }
  }
}

data "aws_subnet" "chosen" {
  id = local.subnet_id
}

resource "aws_key_pair" "operator" {
  key_name_prefix = "${var.name}-"
  public_key      = trimspace(file(pathexpand(var.public_key_file)))

  lifecycle {
    # AWS does not give it back, so after an import it would differ, and with the key the machine would be replaced.
    ignore_changes = [public_key]
  }
}

resource "aws_security_group" "server" {
  name_prefix = "${var.name}-"
  description = "ssh from one address, https to anywhere, nothing else"
  vpc_id      = data.aws_subnet.chosen.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  count             = local.ssm ? 0 : 1
  security_group_id = aws_security_group.server.id
  description       = "ssh from the operator"
  cidr_ipv4         = var.ssh_cidr
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

# Packages, Kafka and Session Manager all speak https. Name and time service are link-local in a VPC, and
# security groups do not apply to them.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.server.id
  description       = "https for packages and downloads"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_instance" "server" {
  #checkov:skip=CKV_AWS_88:people ssh in from their own address and there is no VPN or bastion; the security group admits one /32
  #checkov:skip=CKV_AWS_126:one-minute metrics cost extra each month and nothing here reads them
  ami                    = local.ami_id
  instance_type          = var.instance_type
  subnet_id              = local.subnet_id
  vpc_security_group_ids = [aws_security_group.server.id]
  key_name               = aws_key_pair.operator.key_name
  iam_instance_profile   = local.ssm ? aws_iam_instance_profile.ssm[0].name : null
  ebs_optimized          = true

  # A mistake in the console cannot end a protected machine; make deploy PROTECT=0 comes before make destroy then.
  disable_api_termination = var.termination_protection

  # A default subnet gives a public address by itself; a subnet of one's own is told to.
  associate_public_ip_address = var.subnet_id == null ? null : true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  root_block_device {
    volume_type           = "gp3"
    volume_size           = var.volume_size_gb
    encrypted             = true
    delete_on_termination = true
    tags                  = { Name = var.name, Project = "sor", Deployment = var.name, ManagedBy = "terraform" }
  }

  dynamic "credit_specification" {
    for_each = local.burstable ? [var.cpu_credits] : []
    content {
      cpu_credits = credit_specification.value
    }
  }

  tags = { Name = var.name }

  lifecycle {
    # A newer image must never replace a running machine and its topics (REPLACE=1 and terraform taint move on). Nor
    # must a stop: a stopped machine has no public address, and reads back as one that was never to have one.
    ignore_changes = [ami, associate_public_ip_address]

    precondition {
      condition     = var.subnet_id != null || data.aws_subnet.chosen.map_public_ip_on_launch
      error_message = "The default subnet ${local.subnet_id} gives no public address any more: name a public one with subnet_id."
    }
  }
}

resource "aws_iam_role" "ssm" {
  count       = local.ssm ? 1 : 0
  name_prefix = "${var.name}-"
  description = "Lets Session Manager reach the ${var.name} server"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "ssm" {
  count      = local.ssm ? 1 : 0
  role       = aws_iam_role.ssm[0].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "ssm" {
  count       = local.ssm ? 1 : 0
  name_prefix = "${var.name}-"
  role        = aws_iam_role.ssm[0].name
}

resource "aws_cloudwatch_metric_alarm" "idle" {
  count               = var.stop_when_idle_hours > 0 ? 1 : 0
  alarm_name          = "${var.name}-idle"
  alarm_description   = "Stops the ${var.name} server after ${var.stop_when_idle_hours} idle hours"
  namespace           = "AWS/EC2"
  metric_name         = "CPUUtilization"
  statistic           = "Maximum"
  dimensions          = { InstanceId = aws_instance.server.id }
  period              = 3600
  evaluation_periods  = var.stop_when_idle_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:${data.aws_partition.current.partition}:automate:${var.region}:ec2:stop"]
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish through the key that AWS keeps for SNS, and a key of one's own costs a dollar a month; the alarms hold no secret
  count = var.alarm_email == null ? 0 : 1
  name  = "${var.name}-alarms"
}

# Amazon sends a mail first, and no alarm before the link in it was followed.
resource "aws_sns_topic_subscription" "alarms" {
  count     = var.alarm_email == null ? 0 : 1
  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "mail" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/EC2"
  metric_name         = each.value.metric
  statistic           = "Maximum"
  dimensions          = { InstanceId = aws_instance.server.id }
  period              = each.value.period # as often as AWS takes the figure at no cost
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = 1
  treat_missing_data  = "notBreaching" # a stopped machine has no figures
  alarm_actions       = concat([aws_sns_topic.alarms[0].arn], each.value.actions)
  ok_actions          = [aws_sns_topic.alarms[0].arn]
}
