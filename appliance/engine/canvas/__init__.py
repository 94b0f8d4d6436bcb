"""One captured frame becomes one canvas: scaling, blur, looks, layers and the slate. No devices, no clock."""
