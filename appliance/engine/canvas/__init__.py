"""One captured frame becomes one canvas: scaling, blur, looks, layers and the slate. Pure pixels, no devices, no clock."""
