variable "name" {
  description = "Name of this deployment; everything that is made carries it as a tag and a prefix."
  type        = string
  default     = "sor"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "name must be 1 to 31 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "region" {
  description = "AWS region, for example eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like eu-central-1 or us-gov-west-1."
  }
}

variable "instance_type" {
  description = "EC2 instance type with at least 1 GiB of memory: t3.micro (x86_64) or t4g.micro (arm64); the image follows."
  type        = string
  default     = "t3.micro"

  validation {
    condition     = can(regex("^[a-z]+[0-9]+[a-z0-9-]*\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type must look like t3.micro."
  }

  validation {
    condition     = !endswith(var.instance_type, ".nano")
    error_message = "A nano instance has 0.5 GiB; ZooKeeper, Kafka and sor need 1 GiB: use t3.micro or t4g.micro."
  }

  validation {
    condition     = !startswith(var.instance_type, "t2.") && !startswith(var.instance_type, "t1.")
    error_message = "t1 and t2 can neither be EBS-optimised nor start on the Nitro system: use t3.micro or t4g.micro."
  }
}

variable "access" {
  description = "How people get in: \"ssh\" opens port 22 to ssh_cidr alone; \"ssm\" opens nothing and goes through Session Manager."
  type        = string
  default     = "ssh"

  validation {
    condition     = contains(["ssh", "ssm"], var.access)
    error_message = "access must be ssh or ssm."
  }
}

variable "ssh_cidr" {
  description = "The one IPv4 address that may use ssh, as a.b.c.d/32. Not used with access = \"ssm\"."
  type        = string
  default     = null

  validation {
    condition     = var.access == "ssm" || var.ssh_cidr != null
    error_message = "ssh_cidr is needed with access = \"ssh\": your own address, as 203.0.113.7/32."
  }

  # A /32 and nothing wider: 0.0.0.0/0 would let the whole internet knock.
  validation {
    condition     = var.ssh_cidr == null || (can(cidrnetmask(var.ssh_cidr)) && can(regex("/32$", var.ssh_cidr)) && try(cidrhost(var.ssh_cidr, 0), "") != "0.0.0.0")
    error_message = "ssh_cidr must be one IPv4 address, as 203.0.113.7/32; ranges such as 0.0.0.0/0 are refused."
  }
}

variable "public_key_file" {
  description = "Path of the ssh public key that is let in, for example ~/.ssh/id_ed25519.pub."
  type        = string

  validation {
    condition     = fileexists(pathexpand(var.public_key_file))
    error_message = "public_key_file was not found: make a key with ssh-keygen -t ed25519, or name another file."
  }

  # EC2 imports RSA and ED25519 keys only, and a private key must never reach the state.
  validation {
    condition     = can(regex("^(ssh-rsa|ssh-ed25519) AAAA", file(pathexpand(var.public_key_file))))
    error_message = "public_key_file must hold an RSA or ED25519 public key (a line that begins with ssh-ed25519 or ssh-rsa)."
  }
}

variable "identity_file" {
  description = "Path of the private key for the ssh line and the inventory; it is named there and never read."
  type        = string
  default     = null
}

variable "volume_size_gb" {
  description = "Size of the root volume in GB (gp3, encrypted)."
  type        = number
  default     = 8

  validation {
    condition     = var.volume_size_gb >= 8 && var.volume_size_gb <= 1024 && floor(var.volume_size_gb) == var.volume_size_gb
    error_message = "volume_size_gb must be a whole number from 8 (the image's own size) to 1024."
  }
}

variable "cpu_credits" {
  description = "\"standard\" never costs more than the hourly price; \"unlimited\" (the default of T3 itself) bills bursts beyond the credits."
  type        = string
  default     = "standard"

  validation {
    condition     = contains(["standard", "unlimited"], var.cpu_credits)
    error_message = "cpu_credits must be standard or unlimited."
  }
}

variable "subnet_id" {
  description = "A public subnet of your own; without it a subnet of the region's default VPC that offers the instance type."
  type        = string
  default     = null

  validation {
    condition     = var.subnet_id == null || can(regex("^subnet-[0-9a-f]+$", var.subnet_id))
    error_message = "subnet_id must look like subnet-0123456789abcdef0."
  }
}

variable "ami_id" {
  description = "Another image; without it the newest Amazon Linux 2023 of the architecture when the machine is first made."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null || can(regex("^ami-[0-9a-f]+$", var.ami_id))
    error_message = "ami_id must look like ami-0123456789abcdef0."
  }
}

variable "stop_when_idle_hours" {
  description = "Stop the machine after so many hours with less than 5 % of processor time; 0: never."
  type        = number
  default     = 0

  # CloudWatch evaluates an alarm with periods of an hour over one week at most; a day is plenty here.
  validation {
    condition     = var.stop_when_idle_hours >= 0 && var.stop_when_idle_hours <= 24 && floor(var.stop_when_idle_hours) == var.stop_when_idle_hours
    error_message = "stop_when_idle_hours must be a whole number from 0 (never) to 24."
  }
}

variable "alarm_email" {
  description = "Where CloudWatch sends its alarms of this machine; null: no alarms."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.alarm_email))
    error_message = "alarm_email must be one e-mail address."
  }
}

variable "termination_protection" {
  description = "Refuse to terminate the machine until this is false again."
  type        = bool
  default     = false
}

variable "tags" {
  description = "More tags for everything that is made."
  type        = map(string)
  default     = {}
}
