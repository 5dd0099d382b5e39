import { qemu } from "@vmrig/driver-qemu";
import { defineRig } from "vmrig";

const rig = defineRig({
  name: "two-machines",
  driver: qemu(),
  machines: {
    pc1: {},
    pc2: {
      prepare: {
        files: {
          "/etc/rsyncd.conf":
            "[inbox]\npath = /srv/inbox\nread only = false\nuid = vmrig\ngid = vmrig\n",
          "/etc/systemd/system/inbox.service": [
            "[Unit]",
            "Description=Takes in what other machines send",
            "[Service]",
            "ExecStart=/usr/bin/rsync --daemon --no-detach",
            "Restart=on-failure",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
          ].join("\n"),
        },
        run: ["install -d -o vmrig -g vmrig /srv/inbox", "systemctl enable --now inbox.service"],
      },
    },
  },
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
