output "instance_id" {
  description = "Id of the instance."
  value       = aws_instance.server.id
}

output "public_ip" {
  description = "Public IPv4 address; it changes when the machine is stopped and started."
  value       = aws_instance.server.public_ip
}

output "region" {
  description = "Region that the server is in."
  value       = var.region
}

output "architecture" {
  description = "Processor architecture of the image."
  value       = local.architecture
}

output "ssh_command" {
  description = "The line that opens a shell on the server."
  value = join(" ", compact([
    "ssh -i ${local.identity_word}",
    local.ssm ? "-o ProxyCommand=\"${local.proxy_command}\"" : "",
    "ec2-user@${local.host}",
  ]))
}

output "inventory" {
  description = "Ansible inventory (YAML) with this one server."
  value = yamlencode({
    all = {
      hosts = {
        (var.name) = merge(
          {
            ansible_host                 = local.host
            ansible_user                 = "ec2-user"
            ansible_ssh_private_key_file = local.identity_file
          },
          # dnf's own bindings live in the system's Python; discovery would pick a newer one once it is there.
          { ansible_python_interpreter = "/usr/bin/python3" },
          local.ssm ? { ansible_ssh_common_args = "-o ProxyCommand=\"${local.proxy_command}\"" } : {},
        )
      }
    }
  })
}

locals {
  # Through Session Manager the instance's id stands in for its address.
  identity_file = coalesce(var.identity_file, trimsuffix(var.public_key_file, ".pub"))
  # As one word of a shell's line, whatever is in the path.
  identity_word = can(regex("^[A-Za-z0-9_./~-]+$", local.identity_file)) ? local.identity_file : "'${replace(local.identity_file, "'", "'\\''")}'"
  host          = local.ssm ? aws_instance.server.id : aws_instance.server.public_ip
  proxy_command = "aws ssm start-session --region ${var.region} --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p"
}
